import Testing

@testable import Thumb2

@Suite struct ImmediateConstantTests {
  @Test func `every encoding's number is found again`() {
    for bits in 0..<UInt32(0x1000) {
      // A byte of zero is unpredictable in the repeating encodings.
      guard bits < 0x100 || bits >= 0x400 || bits & 0xFF != 0 else { continue }
      let value = ImmediateConstant.value(of: bits)
      #expect(ImmediateConstant(value)?.value == value)
    }
  }

  @Test(arguments: [0x101, 0x1_0002, 0xFFFF_FFFE, 0x8000_0001, 0x0102_0102] as [UInt32])
  func `a number that no encoding has is refused`(value: UInt32) {
    #expect(ImmediateConstant(value) == nil)
  }
}
