import Helpers
import Testing

@Suite struct HelperTests {
  @Test func `numbers are those of published programs`() {
    #expect(
      Helper.allCases.map(\.rawValue) == [
        0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x13, 0x20, 0x30, 0x31, 0x32, 0x33, 0x34, 0x40, 0x41, 0x42, 0x43,
        0x50, 0x51, 0x52, 0x60, 0x61, 0x70, 0x71, 0x72, 0x80, 0x81, 0x82, 0x83, 0x84,
      ])
  }

  @Test func `a position leads back to its helper`() {
    for (position, helper) in Helper.allCases.enumerated() {
      #expect(helper.position == UInt8(position))
      #expect(Helper(position: UInt8(position)) == helper)
    }
    #expect(Helper(position: Helper.count) == nil)
    #expect(Int(Helper.count) == Helper.allCases.count)
    #expect(Helper.count <= 64)
  }

  @Test(arguments: Helper.allCases)
  func `a contract refers to arguments that exist`(helper: Helper) {
    let contract = helper.contract
    for number in 1...5 {
      #expect((contract.argument(number) != nil) == (number <= contract.argumentCount))
      switch contract.argument(number) {
      case .readableBytes(let length), .writableBytes(let length):
        #expect(contract.argument(Int(length)) == .scalar)
      default: break
      }
    }
    if case .pointer(let argument) = contract.resultKind {
      #expect((1...contract.argumentCount).contains(Int(argument)))
    }
    #expect(helper.signature.name.description.hasPrefix("bpf_"))
  }
}

@Suite struct HelperSetTests {
  @Test func `all contains every helper and empty none`() {
    for helper in Helper.allCases {
      #expect(HelperSet.all.contains(helper))
      #expect(!HelperSet.empty.contains(helper))
    }
    #expect(HelperSet.all.count == Helper.allCases.count)
    #expect(HelperSet.empty.isEmpty)
  }

  @Test func `numbers without a helper add nothing`() {
    let numbers: [UInt8] = [0x01, 0xFF, 0x52, 0x00]
    var found: [Helper] = []
    HelperSet(numbers: numbers.span).forEach { found.append($0) }
    #expect(found == [.printf, .strlen])
  }

  @Test func `a request can only narrow a grant`() {
    let grant = HelperSet(.printf).union(HelperSet(.strlen))
    let request = HelperSet(.memcpy).union(HelperSet(.strlen))
    #expect(grant.intersection(request) == HelperSet(.strlen))
    #expect(HelperSet(.strlen).isSubset(of: grant))
    #expect(!request.isSubset(of: grant))
  }
}
