/// An instruction taken apart: a form, and its operands as `Form.layout` names them.
public struct ThumbInstruction: Equatable, Sendable {
  public let form: Form
  /// Registers by number, numbers in the unit of the encoding. Distances with a sign are extended to 32 bits. Operands
  /// that the layout does not have are 0.
  public let a, b, c, d: UInt32

  public init(_ form: Form, _ a: UInt32 = 0, _ b: UInt32 = 0, _ c: UInt32 = 0, _ d: UInt32 = 0) {
    self.form = form
    self.a = a
    self.b = b
    self.c = c
    self.d = d
  }

  /// The instruction that starts with the halfword at `position`.
  ///
  /// `nil` when the stream ends before the instruction does, when the table has no form for it, and when the manual
  /// says UNPREDICTABLE for operands that have no notation.
  public init?(decoding code: Span<UInt16>, at position: Int) {
    guard position >= 0, position < code.count else { return nil }
    var encoding = UInt32(code[position])
    if encoding >= Self.firstOfWide {
      guard position + 1 < code.count else { return nil }
      encoding = encoding << 16 | UInt32(code[position + 1])
    }
    self.init(encoding: encoding)
  }

  /// The instruction of 16 or 32 bits.
  init?(encoding: UInt32) {
    // Of several forms that fit, the one with the fewest operand bits is the special case of the others.
    var best: Form?
    var fewest = UInt32.bitWidth + 1
    var number: UInt8 = 0
    while let layout = Layout(rawValue: number) {
      number += 1
      let bits = layout.fields.all
      guard bits.nonzeroBitCount < fewest, let form = Form(rawValue: encoding & ~bits), form.layout == layout
      else { continue }
      best = form
      fewest = bits.nonzeroBitCount
    }
    guard let form = best else { return nil }
    self.init(form, from: encoding)
    guard !isReserved, self.encoding == encoding else { return nil }
  }

  private init(_ form: Form, from encoding: UInt32) {
    let fields = form.layout.fields
    let (a, b) = (encoding.gathered(fields.a), encoding.gathered(fields.b))
    let (c, d) = (encoding.gathered(fields.c), encoding.gathered(fields.d))
    switch form.layout {
    case .conditionalBranch: self.init(form, a, b.signExtended(from: 8))
    case .branch: self.init(form, a.signExtended(from: 11))
    case .immediate16: self.init(form, a, b & 0x7FF | (b & 0x7800) << 1 | (b & 0x8000) >> 4)
    case .reversed: self.init(form, a, b & 15)
    case .wideConditionalBranch:
      // Imm11, J2, J1, imm6, S, of which the distance has the two in the middle behind imm6.
      let distance = b & 0x8_07FF | (b & 0x7_E000) >> 2 | (b & 0x1000) << 5 | (b & 0x800) << 7
      self.init(form, a, distance.signExtended(from: 20))
    case .wideBranch:
      // Imm11, J2, J1, imm10, S, where J1 and J2 tell whether the distance's bits are the same as S.
      let high = (a & 0x7F_E000) >> 2 | ~((a & 0x1000) << 10 ^ (a & 0x80_0000) >> 1) & 0x40_0000
      let low = a & 0x80_07FF | ~((a & 0x800) << 10 ^ (a & 0x80_0000) >> 2) & 0x20_0000
      self.init(form, (high | low).signExtended(from: 24))
    default: self.init(form, a, b, c, d)
    }
  }

  /// What the first halfword of a 32-bit encoding is at least. Arm ARM A5.1
  public static let firstOfWide: UInt32 = 0b11101 << 11

  /// The bits it was made of.
  public var encoding: UInt32 { form.encoded(a, b, c, d) }

  /// Bytes.
  public var size: Int { form.size }

  /// For a branch how far it jumps, in halfwords from four bytes behind its start.
  public var distance: Int? {
    switch form.layout {
    case .compareAndBranch, .conditionalBranch, .wideConditionalBranch: Int(Int32(bitPattern: b))
    case .branch, .wideBranch: Int(Int32(bitPattern: a))
    default: nil
    }
  }

  /// Whether the manual gives these operands to another instruction, or to none.
  private var isReserved: Bool {
    switch form.layout {
    case .wideConditionalBranch, .ifThen: a > 13
    case .twoAny: form == .cmpHigh && a < 8 && b < 8
    case .lowRegisters: a == 0
    case .registers: isReserved(set: a)
    case .baseAndRegisters: a == 15 || isReserved(set: b)
    case .immediate12: form != .addw && form != .subw && isReserved(constant: c)
    case .compareImmediate12, .moveImmediate12: isReserved(constant: b)
    case .bitField: form == .bfi ? d < c : c + d > 31
    case .bitFieldAlone: d < c
    case .memoryImmediate12: isReserved(access: a, base: b) || b == 15 && form.rawValue & 0x10_0000 == 0
    case .memoryImmediate8, .memoryRegister: isReserved(access: a, base: b) || b == 15
    case .memoryPair: c == 15
    default: false
    }
  }

  private func isReserved(set: UInt32) -> Bool {
    set.nonzeroBitCount < 2 || set & 0x2000 != 0 || set >> 14 == 3 || form == .pushWide && set & 0x8000 != 0
  }

  private func isReserved(constant: UInt32) -> Bool {
    constant >= 0x100 && constant < 0x400 && constant & 0xFF == 0
  }

  /// Loads of less than a word to pc are hints.
  private func isReserved(access: UInt32, base: UInt32) -> Bool {
    access == 15 && form.rawValue & 0x40_0000 == 0
  }
}
