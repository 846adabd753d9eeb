/// Writes instructions into a caller's buffer, each in the shortest encoding that does what is asked for.
///
/// When the buffer is full, the rest is counted but not written, so that the caller learns how much room is needed.
/// Positions are counted in halfwords from the start of the buffer.
///
/// Unless a method's name says otherwise, the flags are undefined afterwards: the short encodings set them, the long ones do not.
public struct Assembler: ~Copyable, ~Escapable {
  private var buffer: MutableSpan<UInt16>
  /// Halfwords asked for so far.
  public private(set) var count = 0

  @_lifetime(copy buffer)
  public init(_ buffer: consuming MutableSpan<UInt16>) {
    self.buffer = buffer
  }

  /// Halfwords there is room for.
  public var capacity: Int { buffer.count }
  /// Whether something was not written.
  public var isOverfull: Bool { count > buffer.count }

  /// Forgets all that was written.
  public mutating func restart() {
    count = 0
  }

  // MARK: Encodings

  @inline(__always)
  private mutating func append(_ halfword: UInt16) {
    if count < buffer.count { buffer[count] = halfword }
    count &+= 1
  }

  /// A word of data.
  public mutating func emit(word: UInt32) {
    append(UInt16(truncatingIfNeeded: word))
    append(UInt16(truncatingIfNeeded: word >> 16))
  }

  /// An encoding with its operands as `Form.layout` names them. The operands fit.
  ///
  /// Not with default arguments: each of them would be a call.
  @inline(never)
  public mutating func emit(_ form: Form, _ a: UInt32, _ b: UInt32, _ c: UInt32) {
    let encoding = Form.encoded(form, a, b, c)
    if encoding > 0xFFFF { append(UInt16(truncatingIfNeeded: encoding >> 16)) }
    append(UInt16(truncatingIfNeeded: encoding))
  }

  @inline(__always)
  public mutating func emit(_ form: Form, _ a: UInt32, _ b: UInt32) { emit(form, a, b, 0) }
  @inline(__always)
  public mutating func emit(_ form: Form, _ a: UInt32) { emit(form, a, 0, 0) }
  @inline(__always)
  public mutating func emit(_ form: Form) { emit(form, 0, 0, 0) }

  /// One with a fourth operand. The third is a number of at most 16 bits then.
  @inline(__always)
  public mutating func emit(_ form: Form, _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) {
    emit(form, a, b, c | d << 16)
  }

  // MARK: Patching

  /// The halfword at `position`, 0 beyond the buffer.
  public func halfword(at position: Int) -> UInt16 {
    position < buffer.count ? buffer[position] : 0
  }

  private mutating func set(_ halfword: UInt16, at position: Int) {
    if position < buffer.count { buffer[position] = halfword }
  }

  /// Makes the branch at `position` lead to `target`.
  ///
  /// - Returns: whether its encoding reaches that far; if not, it is as before.
  public mutating func aim(branchAt position: Int, to target: Int) -> Bool {
    let first = UInt32(halfword(at: position))
    // Distances count from four bytes behind the branch.
    let distance = target - position - 2
    let bits = UInt32(truncatingIfNeeded: distance)
    let form: Form
    let limit: Int
    var number = bits
    switch first >> 11 {
    case 0b11110:
      let second = UInt32(halfword(at: position + 1))
      if second & 0xD000 == 0x8000 {
        (form, limit) = (.bConditionalWide, 0x8_0000)
        number = first >> 6 & 15
      } else {
        (form, limit) = (second & 0x4000 == 0 ? .bWide : .bl, 0x80_0000)
      }
    case 0b11100: (form, limit) = (.b, 0x400)
    case 0b11010, 0b11011:
      (form, limit) = (.bConditional, 0x80)
      number = first >> 8 & 15
    default:
      guard distance >= 0 else { return false }
      (form, limit) = (first & 0x0800 == 0 ? .cbz : .cbnz, 0x40)
      number = first & 7
    }
    guard distance >= 0 - limit, distance < limit else { return false }
    let encoding = Form.encoded(form, number, bits, 0)
    var position = position
    if encoding > 0xFFFF {
      set(UInt16(truncatingIfNeeded: encoding >> 16), at: position)
      position += 1
    }
    set(UInt16(truncatingIfNeeded: encoding), at: position)
    return true
  }

  // MARK: Moves

  /// `destination` = `source`. Leaves the flags.
  @inline(never)
  public mutating func move(_ destination: CoreRegister, _ source: CoreRegister) {
    guard destination != source else { return }
    emit(.mov, destination.number, source.number)
  }

  /// `destination` = `value`.
  @inline(never)
  public mutating func move(_ destination: CoreRegister, _ value: UInt32) {
    if value < 0x100, destination.isLow {
      emit(.movsImmediate, destination.number, value)
    } else if value < 0x1_0000 {
      emit(.movw, destination.number, value)
    } else if let constant = ImmediateConstant(value) {
      emit(.movConstant, destination.number, constant.bits)
    } else if let constant = ImmediateConstant(~value) {
      emit(.mvnConstant, destination.number, constant.bits)
    } else {
      moveLong(destination, value)
    }
  }

  /// `destination` = `value`, always in two instructions, so that the value can be changed later.
  @inline(never)
  public mutating func moveLong(_ destination: CoreRegister, _ value: UInt32) {
    emit(.movw, destination.number, value & 0xFFFF)
    emit(.movt, destination.number, value >> 16)
  }

  // MARK: Arithmetic

  /// What `Assembler.combine` computes.
  public enum Operation: Sendable {
    case add, subtract, reverseSubtract, and, or, exclusiveOr, clear
  }

  /// `destination` = `left` op `right`.
  @inline(never)
  public mutating func combine(
    _ operation: Operation, _ destination: CoreRegister, _ left: CoreRegister, _ right: CoreRegister
  ) {
    let low = destination.isLow && left.isLow && right.isLow
    let (d, n, m) = (destination.number, left.number, right.number)
    switch operation {
    case .add:
      if low { return emit(.addsRegister, d, n, m) }
      if d == n { return emit(.add, d, m) }
      if d == m { return emit(.add, d, n) }
    case .subtract:
      if low { return emit(.subsRegister, d, n, m) }
    case .and, .or, .exclusiveOr:
      let form: Form = operation == .and ? .ands : operation == .or ? .orrs : .eors
      if low, d == n { return emit(form, d, m) }
      if low, d == m { return emit(form, d, n) }
    case .clear:
      if low, d == n { return emit(.bics, d, m) }
    case .reverseSubtract: break
    }
    emit(operation.shifted, d, n, m, 0)
  }

  /// `destination` = `left` op (`right` shifted by `distance`), which is 1 to 31.
  @inline(never)
  public mutating func combine(
    _ operation: Operation, _ destination: CoreRegister, _ left: CoreRegister, _ right: CoreRegister,
    _ shift: ShiftType, _ distance: UInt32
  ) {
    emit(
      operation.shifted, destination.number, left.number, right.number, distance << 2 | UInt32(shift.rawValue)
    )
  }

  /// `destination` = `left` op `value`, where one instruction can.
  ///
  /// - Returns: whether it can; if not, nothing was written.
  @inline(never)
  public mutating func combine(
    _ operation: Operation, _ destination: CoreRegister, _ left: CoreRegister, _ value: UInt32
  ) -> Bool {
    let (d, n) = (destination.number, left.number)
    switch operation {
    case .add, .subtract:
      // Adding a number is subtracting its negative. The one that is nearer to zero may have a short encoding.
      let isNegative = value > 0x8000_0000
      let isAdding = (operation == .add) != isNegative
      let magnitude = isNegative ? 0 &- value : value
      let narrow = destination.isLow && left.isLow
      return combine(isAdding, d, n, magnitude, narrow: narrow)
        || combine(!isAdding, d, n, 0 &- magnitude, narrow: narrow)
    case .reverseSubtract:
      if value == 0, destination.isLow, left.isLow {
        emit(.rsbs, d, n)
        return true
      }
    case .and, .or, .exclusiveOr, .clear: break
    }
    if operation == .and {
      if value == 0xFF {
        extend(.uxtb, .uxtbWide, destination, left)
        return true
      }
      if value == 0xFFFF {
        extend(.uxth, .uxthWide, destination, left)
        return true
      }
      if value & (value &+ 1) == 0, value != ~0, value != 0 {
        let width = UInt32(truncatingIfNeeded: 32 - value.leadingZeroBitCount)
        emit(.ubfx, d, n, 0, width - 1)
        return true
      }
    }
    if operation == .exclusiveOr, value == ~0 {
      complement(destination, left)
      return true
    }
    if let constant = ImmediateConstant(value) {
      emit(operation.constant, d, n, constant.bits)
      return true
    }
    guard operation == .and || operation == .clear, let constant = ImmediateConstant(~value) else {
      return false
    }
    emit(operation == .and ? Form.bicConstant : .andConstant, d, n, constant.bits)
    return true
  }

  /// Adds or subtracts `value` as it stands.
  private mutating func combine(
    _ isAdding: Bool, _ d: UInt32, _ n: UInt32, _ value: UInt32, narrow: Bool
  ) -> Bool {
    if narrow {
      if value < 8 {
        emit(isAdding ? Form.addsImmediate3 : .subsImmediate3, d, n, value)
        return true
      }
      if value < 0x100, d == n {
        emit(isAdding ? Form.addsImmediate8 : .subsImmediate8, d, value)
        return true
      }
    }
    if let constant = ImmediateConstant(value) {
      emit(isAdding ? Form.addConstant : .subConstant, d, n, constant.bits)
      return true
    }
    guard value < 0x1000 else { return false }
    emit(isAdding ? Form.addw : .subw, d, n, value)
    return true
  }

  /// `destination` = not `source`.
  @inline(never)
  public mutating func complement(_ destination: CoreRegister, _ source: CoreRegister) {
    if destination.isLow, source.isLow {
      emit(.mvns, destination.number, source.number)
    } else {
      emit(.mvnWide, destination.number, source.number, 0)
    }
  }

  /// One of the extensions and byte swaps that exist in both widths with two registers.
  @inline(never)
  public mutating func extend(
    _ narrow: Form, _ wide: Form, _ destination: CoreRegister, _ source: CoreRegister
  ) {
    if destination.isLow, source.isLow {
      emit(narrow, destination.number, source.number)
    } else {
      emit(wide, destination.number, source.number)
    }
  }

  /// `destination` = `source` shifted by `distance`, which is 1 to 31.
  @inline(never)
  public mutating func shift(
    _ type: ShiftType, _ destination: CoreRegister, _ source: CoreRegister, by distance: UInt32
  ) {
    if destination.isLow, source.isLow, type != .rotateRight {
      let form: Form = type == .left ? .lslsImmediate : type == .right ? .lsrsImmediate : .asrsImmediate
      emit(form, destination.number, source.number, distance)
    } else {
      emit(.movShifted, destination.number, source.number, distance << 2 | UInt32(type.rawValue))
    }
  }

  /// `destination` = `source` shifted by the lowest byte of `distance`; from 32 on every bit is shifted out, or rotated on.
  @inline(never)
  public mutating func shift(
    _ type: ShiftType, _ destination: CoreRegister, _ source: CoreRegister, by distance: CoreRegister
  ) {
    let forms: (narrow: Form, wide: Form) =
      switch type {
      case .left: (.lslsRegister, .lslWide)
      case .right: (.lsrsRegister, .lsrWide)
      case .arithmeticRight: (.asrsRegister, .asrWide)
      case .rotateRight: (.rors, .rorWide)
      }
    if destination == source, destination.isLow, distance.isLow {
      emit(forms.narrow, destination.number, distance.number)
    } else {
      emit(forms.wide, destination.number, source.number, distance.number)
    }
  }

  /// `destination` = `width` bits of `source` from bit `lowest` on, with their sign extended if wanted.
  @inline(never)
  public mutating func extract(
    _ destination: CoreRegister, _ source: CoreRegister, lowest: UInt32, width: UInt32, signed: Bool
  ) {
    if lowest == 0, width == 8 {
      extend(signed ? .sxtb : .uxtb, signed ? .sxtbWide : .uxtbWide, destination, source)
    } else if lowest == 0, width == 16 {
      extend(signed ? .sxth : .uxth, signed ? .sxthWide : .uxthWide, destination, source)
    } else if width == 32 {
      move(destination, source)
    } else if lowest + width == 32 {
      shift(signed ? .arithmeticRight : .right, destination, source, by: lowest)
    } else {
      emit(signed ? Form.sbfx : .ubfx, destination.number, source.number, lowest, width - 1)
    }
  }

  /// `destination` = `left` * `right`.
  @inline(never)
  public mutating func multiply(
    _ destination: CoreRegister, _ left: CoreRegister, _ right: CoreRegister
  ) {
    let low = destination.isLow && left.isLow && right.isLow
    if low, destination == left {
      emit(.muls, destination.number, right.number)
    } else if low, destination == right {
      emit(.muls, destination.number, left.number)
    } else {
      emit(.mul, destination.number, left.number, right.number)
    }
  }

  // MARK: Comparisons

  /// Sets the flags as `left` - `right` does.
  @inline(never)
  public mutating func compare(_ left: CoreRegister, _ right: CoreRegister) {
    if left.isLow, right.isLow {
      emit(.cmpRegister, left.number, right.number)
    } else {
      emit(.cmpHigh, left.number, right.number)
    }
  }

  /// Sets the flags as `left` - `value` does, where one instruction can.
  ///
  /// - Returns: whether it can; if not, nothing was written.
  @inline(never)
  public mutating func compare(_ left: CoreRegister, _ value: UInt32) -> Bool {
    if value < 0x100, left.isLow {
      emit(.cmpImmediate, left.number, value)
    } else if let constant = ImmediateConstant(value) {
      emit(.cmpConstant, left.number, constant.bits)
    } else if let constant = ImmediateConstant(0 &- value) {
      // Carry differs for 0 and the least number alone, neither of which comes here: both can be compared with.
      emit(.cmnConstant, left.number, constant.bits)
    } else {
      return false
    }
    return true
  }
}

extension CoreRegister {
  /// The register's number in an encoding.
  @inline(__always)
  public var number: UInt32 { UInt32(rawValue) }
}

extension Assembler.Operation {
  fileprivate var shifted: Form {
    switch self {
    case .add: .addWide
    case .subtract: .subWide
    case .reverseSubtract: .rsbWide
    case .and: .andWide
    case .or: .orrWide
    case .exclusiveOr: .eorWide
    case .clear: .bicWide
    }
  }

  fileprivate var constant: Form {
    switch self {
    case .add: .addConstant
    case .subtract: .subConstant
    case .reverseSubtract: .rsbConstant
    case .and: .andConstant
    case .or: .orrConstant
    case .exclusiveOr: .eorConstant
    case .clear: .bicConstant
    }
  }
}
