import ArgumentParser
import Helpers

/// A helper, given by its name in C or its number, decimal or with 0x.
struct HelperArgument: ExpressibleByArgument {
  let helper: Helper

  init?(argument: String) {
    let number =
      argument.hasPrefix("0x") ? UInt8(argument.dropFirst(2), radix: 16) : UInt8(argument)
    guard
      let helper = number.flatMap(Helper.init(rawValue:))
        ?? Helper.allCases.first(where: { "\($0.signature.name)" == argument })
    else { return nil }
    self.helper = helper
  }

  static var defaultCompletionKind: CompletionKind { .list(Helper.allCases.map { "\($0.signature.name)" }) }
}

extension [HelperArgument] {
  var set: HelperSet {
    reduce(into: .empty) { $0.insert($1.helper) }
  }
}
