/// A table for the terminal: columns as wide as they need be, numbers to the right.
struct Table {
  let header: [String]
  let rows: [[String]]

  var text: String {
    let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
    let isNumeric = header.indices.map { column in
      rows.allSatisfy { row in
        row[column].isEmpty || row[column].allSatisfy { $0.isNumber || "-.,".contains($0) }
      }
    }
    func line(_ cells: [String]) -> String {
      cells.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - cells[column].count)
        return isNumeric[column] ? padding + cells[column] : cells[column] + padding
      }.joined(separator: "  ").trimmingSuffix(while: \.isWhitespace)
    }
    return ([line(header), line(widths.map { String(repeating: "-", count: $0) })] + rows.map(line))
      .joined(separator: "\n")
  }
}

extension String {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
    var text = self[...]
    while let last = text.last, predicate(last) { text.removeLast() }
    return String(text)
  }
}
