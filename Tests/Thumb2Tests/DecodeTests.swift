import TestSupport
import Testing

@testable import Thumb2

@Suite struct DecodeTests {
  /// Operands by chance that fit, some of which may mean another form or nothing.
  func random(_ form: Form, using generator: inout Repeatable) -> ThumbInstruction {
    let fields = form.layout.fields
    func operand(_ mask: UInt32) -> UInt32 { .random(in: 0...mask.gathered(mask), using: &generator) }
    let instruction = ThumbInstruction(
      form, operand(fields.a), operand(fields.b), operand(fields.c), operand(fields.d))
    return switch form.layout {
    case .branch: ThumbInstruction(form, instruction.a.signExtended(from: 11))
    case .conditionalBranch: ThumbInstruction(form, instruction.a, instruction.b.signExtended(from: 8))
    case .wideBranch: ThumbInstruction(form, instruction.a.signExtended(from: 24))
    case .wideConditionalBranch:
      ThumbInstruction(form, instruction.a, instruction.b.signExtended(from: 20))
    case .reversed: ThumbInstruction(form, instruction.a, instruction.b & 15)
    default: instruction
    }
  }

  @Test(arguments: Form.allCases)
  func `an encoding is read back as what it was made of`(form: Form) {
    var generator = Repeatable(seed: UInt64(form.rawValue))
    var count = 0
    for _ in 0..<400 {
      let instruction = random(form, using: &generator)
      let encoding = instruction.encoding
      #expect((encoding > 0xFFFF) == form.isWide)
      guard let read = ThumbInstruction(encoding: encoding), read.form == form else { continue }
      #expect(read == instruction)
      count += 1
    }
    #expect(count > 50, "enough operands are good ones")
  }

  @Test(arguments: Form.allCases)
  func `the bits that operands change are those of the layout`(form: Form) {
    var generator = Repeatable(seed: 1)
    let fixed = form.encoded()
    var changed: UInt32 = 0
    for _ in 0..<400 { changed |= random(form, using: &generator).encoding ^ fixed }
    #expect(changed == form.layout.fields.all)
    #expect(form.rawValue & form.layout.fields.all == 0)
    #expect(fixed & ~form.layout.fields.all == form.rawValue)
  }

  @Test(
    arguments: [
      (0xFB01_F002, .mul), (0xFB01_3002, .mla), (0xEA4F_0001, .movShifted), (0xEA41_0001, .orrWide),
      (0xF04F_0001, .movConstant), (0xF041_0001, .orrConstant), (0xF36F_00C6, .bfc), (0xF361_00C6, .bfi),
      (0xEBB0_0F02, .cmpWide), (0xEBB0_0102, .subsWide), (0xF110_0F01, .cmnConstant), (0xE8BD_0201, .popWide),
      (0xF85D_9B04, .popOne), (0xF84D_9D04, .pushOne), (0xDF01, .svc), (0xDE01, .udf),
      (0xDD01, .bConditional),
      (0xBF00, .nop), (0xBF08, .it), (0x4288, .cmpRegister), (0x4548, .cmpHigh),
    ] as [(UInt32, Form)])
  func `of several forms that fit, the special case wins`(encoding: UInt32, form: Form) {
    #expect(ThumbInstruction(encoding: encoding)?.form == form)
  }

  @Test(
    arguments: [
      // Literal loads, preloads, system instructions, IT for several, hints, MVN's neighbour.
      0xF85F_0C10, 0xF890_F000, 0xF3BF_8F4F, 0xBF04, 0xBF30, 0xEA61_0002,
      // No registers, sp among them, lr and pc together; a constant of nothing, a field that ends before it starts.
      0xB400, 0xE92D_2001, 0xE8BD_C000, 0xF040_1000, 0xF361_00C2, 0xF341_7FDF, 0xFA91_F082,
    ] as [UInt32])
  func `what the table does not have is not read`(encoding: UInt32) {
    #expect(ThumbInstruction(encoding: encoding) == nil)
  }

  @Test func `code that ends within an instruction, and a place outside, hold none`() {
    let code: [UInt16] = [0xBF00, 0xF000]
    #expect(ThumbInstruction(decoding: code.span, at: 0) == ThumbInstruction(.nop))
    for position in [1, 2, -1, .max, .min] {
      #expect(ThumbInstruction(decoding: code.span, at: position) == nil)
    }
  }

  @Test func `no 16 bits are read as anything that is written otherwise`() {
    for halfword in 0..<UInt32(0xE800) {
      guard let read = ThumbInstruction(encoding: halfword) else { continue }
      #expect(read.encoding == halfword && read.size == 2)
    }
  }
}
