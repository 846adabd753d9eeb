import BPF
import Compartment
import Helpers

/// Where an access goes.
enum Place {
  /// Within the stack frame: some bytes from one offset from r10 on, the last of them at most at another.
  case frame(Int64, last: Int64)
  /// Within the program's memory, but not in its stack.
  case elsewhere
  case unknown
}

// What only reads is no method of the analysis: the compiler would copy that for it.
extension Regions {
  /// Addresses below this are no program's: microcontrollers have their vectors there, other machines nothing.
  private static var lowestAddress: Int64 { 256 }

  /// Finds out where an access of `size` bytes goes.
  ///
  /// - Throws: the rule it breaks for certain.
  @inline(never)
  func locate(
    _ base: AbstractValue, _ displacement: Int64, size: Int64, isWrite: Bool
  ) throws(Breach) -> Place {
    guard let range = base.range else { return .unknown }
    let first = range.low + displacement
    let end = range.high + displacement + size
    let rule: VerifierError.Rule
    let (low, high): (Int64, Int64)
    var expected = size
    switch base.kind {
    case .stack:
      rule = .outsideStackFrame
      (low, high) = (-Int64(Arena.frameSize), 0)
      if first >= low, end <= high { return .frame(first, last: end - 1) }
    case .data:
      guard let size = dataSize else { return .unknown }
      rule = .outsideData
      (low, high) = (0, Int64(size))
      expected = high
      if first >= low, end <= high { return .elsewhere }
    case .rodata:
      let size = rodataSize.map { Int64($0) }
      let isWithin = first >= 0 && size.map { end <= $0 } ?? false
      if isWrite, isWithin || base.isConstant {
        throw Breach(.writesReadOnlyData, found: first)
      }
      guard let size else { return .unknown }
      rule = .outsideReadOnlyData
      (low, high) = (0, size)
      expected = high
      if isWithin { return .elsewhere }
    case .context:
      guard let size = contextSize else { return .unknown }
      return first >= 0 && end <= Int64(size) ? .elsewhere : .unknown
    default:
      if first >= 0, end <= Self.lowestAddress {
        throw Breach(.numberAsAddress, found: first, expected: Self.lowestAddress)
      }
      return .unknown
    }
    // Not one of the addresses will do.
    if end - size < low || first + size > high {
      throw Breach(rule, found: first, expected: expected)
    }
    return .unknown
  }

  /// Where a range goes whose length is in a register. Only what is wrong even for its least length is refused.
  func locate(
    _ base: AbstractValue, length: AbstractValue, isWrite: Bool
  ) throws(Breach) -> Place {
    guard length.upperHalfIsZero else { return .unknown }
    let lengths = length.unsignedRange
    let place =
      lengths.low > 0
      ? try locate(base, 0, size: lengths.low, isWrite: isWrite) : Place.unknown
    if lengths.low == lengths.high { return place }
    do throws(Breach) {
      return lengths.high > 0
        ? try locate(base, 0, size: lengths.high, isWrite: isWrite) : .elsewhere
    } catch { return .unknown }
  }
}

extension Analysis {
  /// Whether the address is divisible by `size`, a power of two: regions but the read-only data start at multiples of 8.
  private static func isAligned(_ base: AbstractValue, _ displacement: Int64, size: Int64) -> Bool {
    let mask = UInt32(truncatingIfNeeded: size &- 1)
    return mask == 0
      || base.isAddress && base.kind != .rodata
        && (base.low &+ UInt32(truncatingIfNeeded: displacement)) & mask == 0 && base.stepMask & mask == mask
  }

  private static func proofs(
    _ place: Place, _ base: AbstractValue, _ displacement: Int64, size: Int64
  ) -> Proofs {
    var proofs: Proofs = isAligned(base, displacement, size: size) ? .aligned : []
    if case .unknown = place { return proofs }
    proofs.insert(.inBounds)
    return proofs
  }

  // MARK: Loads. RFC 9669 §5.1, §5.2

  @inline(never)
  mutating func load(
    _ opcode: UInt8, at index: Int, _ instructions: borrowing MutableSpan<Instruction>
  ) throws(Breach) {
    let size = Self.size(opcode)
    let displacement = Int64(instructions[index].offset)
    let base = try state.cells.decisive(instructions[index].source)
    let place = try regions.locate(base, displacement, size: size, isWrite: false)
    proofs.formUnion(Self.proofs(place, base, displacement, size: size))
    var result = Self.loaded(size, isSigned: opcode & 0xE0 == 0x80)
    if case .frame(let first, let last) = place {
      let slots = Workspace.slots(first, through: last)
      if state.writtenSlots & slots == 0 {
        result = .indeterminate
      } else if let slot = Self.wholeSlot(first, last: last) {
        result = state.cells.slot(slot, of: state.knownSlots)
      }
    }
    if result.upperHalfIsZero { proofs.insert(.resultFitsWord) }
    state.cells[instructions[index].destination] = result
  }

  private static func size(_ opcode: UInt8) -> Int64 {
    switch opcode & 0x18 {
    case 0x00: 4
    case 0x08: 2
    case 0x10: 1
    default: 8
    }
  }

  private static func loaded(_ size: Int64, isSigned: Bool) -> AbstractValue {
    guard size < 8 else { return .unknown }
    let end: Int64 = 1 << (size * 8)
    return isSigned ? AbstractValue(-(end >> 1), through: (end >> 1) - 1) : AbstractValue(0, through: end - 1)
  }

  /// The slot that these bytes are, if they are one.
  private static func wholeSlot(_ first: Int64, last: Int64) -> Int? {
    let offset = first + Int64(Arena.frameSize)
    guard offset & 7 == 0, last - first == 7 else { return nil }
    return Int(offset >> 3)
  }

  // MARK: Stores and atomic operations. RFC 9669 §5.1, §5.3

  @inline(never)
  mutating func store(
    _ opcode: UInt8, at index: Int, _ instructions: borrowing MutableSpan<Instruction>
  ) throws(Breach) {
    let size = Self.size(opcode)
    let displacement = Int64(instructions[index].offset)
    let base = try state.cells.decisive(instructions[index].destination)
    let value: AbstractValue
    if opcode & 7 == 2 {
      value = AbstractValue(immediate: instructions[index].immediate)
    } else {
      value = try state.cells.operand(instructions[index].source)
    }
    let place = try regions.locate(base, displacement, size: size, isWrite: true)
    proofs.formUnion(Self.proofs(place, base, displacement, size: size))
    write(place)
    if opcode & 0xE7 == 0xC3 {
      fetch(instructions[index].operation, instructions[index].source, size)
    } else if case .frame(let first, let last) = place, let slot = Self.wholeSlot(first, last: last),
      value.hasValue
    {
      state.setSlot(slot, value)
    }
  }

  /// The register that gets the old value has it.
  private mutating func fetch(_ operation: Operation, _ source: Register, _ size: Int64) {
    let old = Self.loaded(size, isSigned: false)
    switch operation {
    case .cmpxchg32, .cmpxchg64: state.cells[.r0] = old
    default: if operation.writesSource { state.cells[source] = old }
    }
  }

  /// Forgets what a write to `place` may change. One that goes nobody knows where may go to the stack.
  private mutating func write(_ place: Place) {
    switch place {
    case .frame(let first, let last): state.write(slots: Workspace.slots(first, through: last))
    case .elsewhere: break
    case .unknown: state.writeAnything()
    }
  }

  // MARK: Helpers

  mutating func callHelper(_ position: UInt8) throws(Breach) {
    guard let helper = Helper(position: position) else { return }
    let contract = helper.contract
    try use(contract.argument(1), .r1)
    try use(contract.argument(2), .r2)
    try use(contract.argument(3), .r3)
    let result: AbstractValue =
      switch contract.resultKind {
      case .scalar: .unknown
      case .pointer(let argument): AbstractValue(state.cells[Int(argument)])
      }
    state.endCall(result: result)
  }

  /// What a helper does with its argument in `register`, if it has one there.
  @inline(never)
  private mutating func use(
    _ argument: ArgumentKind?, _ register: Register
  ) throws(Breach) {
    guard let argument else { return }
    let value = try state.cells.decisive(register)
    switch argument {
    case .scalar: break
    case .readableBytes(let length):
      _ = try regions.locate(value, length: AbstractValue(state.cells[Int(length)]), isWrite: false)
    case .writableBytes(let length):
      write(try regions.locate(value, length: AbstractValue(state.cells[Int(length)]), isWrite: true))
    case .writable(let count):
      write(try regions.locate(value, 0, size: Int64(count), isWrite: true))
    case .cString, .format:
      _ = try regions.locate(value, 0, size: 1, isWrite: false)
    }
  }
}
