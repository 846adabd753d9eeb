public import BPF

/// Tells which instruction of the program a place in its code belongs to, also when the program itself is gone.
///
/// One byte for each instruction says how many halfwords its code has. 255 stands for more; their number follows in two bytes,
/// little-endian. 254 comes before the byte of an atomic operation.
public enum CodeMap {
  private static let longer: UInt8 = 255
  private static let atomic: UInt8 = 254

  /// An instruction that a place belongs to.
  public struct Place: Equatable, Sendable {
    public let index: Int
    /// Whether it is an atomic operation: those count as stores, though their code loads first.
    public let isAtomic: Bool
  }

  /// Writes the map of code that has just been compiled.
  ///
  /// - Parameters:
  ///   - code: what `compile` returned.
  ///   - instructions: what it was compiled from.
  ///   - cells: the compiler's working memory, one for each instruction, as it left it.
  ///   - map: receives the map.
  /// - Returns: its length in bytes; `nil` when `map` is too short.
  public static func write(
    of code: CompiledCode, from instructions: Span<Instruction>, _ cells: Span<CompilerCell>,
    into map: inout MutableSpan<UInt8>
  ) -> Int? {
    var length = 0
    for index in cells.indices {
      let end = index + 1 < cells.count ? Int(cells[index + 1].offset) : code.size / 2
      let halfwords = end - Int(cells[index].offset)
      let isLong = halfwords >= Int(atomic)
      let isAtomic = instructions[index].operation.isAtomic
      guard length + (isLong ? 3 : 1) + (isAtomic ? 1 : 0) <= map.count else { return nil }
      if isAtomic {
        map[length] = atomic
        length += 1
      }
      map[length] = isLong ? longer : UInt8(truncatingIfNeeded: halfwords)
      length += 1
      if isLong {
        map[length] = UInt8(truncatingIfNeeded: halfwords)
        map[length + 1] = UInt8(truncatingIfNeeded: halfwords >> 8)
        length += 2
      }
    }
    return length
  }

  /// The instruction whose code holds the halfword at `position`.
  ///
  /// - Parameters:
  ///   - position: halfwords from the first of the code.
  ///   - start: where the code of the first instruction starts, likewise.
  ///   - map: what `write(of:_:into:)` made.
  /// - Returns: `nil` for what comes before and behind all instructions.
  public static func place(ofHalfword position: Int, start: Int, in map: Span<UInt8>) -> Place? {
    guard position >= start else { return nil }
    var end = start
    var index = 0
    var place = 0
    while place < map.count {
      let isAtomic = map[place] == atomic
      if isAtomic, place + 1 < map.count { place += 1 }
      var halfwords = Int(map[place])
      place += 1
      if halfwords == Int(longer), place + 2 <= map.count {
        halfwords = Int(map[place]) | Int(map[place + 1]) << 8
        place += 2
      }
      end += halfwords
      if position < end { return Place(index: index, isAtomic: isAtomic) }
      index += 1
    }
    return nil
  }
}
