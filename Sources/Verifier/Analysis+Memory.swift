import BPF
import Compartment
import Helpers

/// Where an access goes.
enum Place {
  /// Within the stack frame: some bytes from one offset from r10 on, the last of them at most at another.
  case frame(Int32, last: Int32)
  /// Within the program's memory, but not in its stack.
  case elsewhere
  case unknown
}

/// `Regions` as the analysis uses them, in four words. What only reads is a method of this and not of the analysis: the
/// compiler would copy all of that for it.
struct RegionLimits {
  /// Sizes; `unknown` when they are not known, or too large to say anything of them.
  let data: Int32
  let rodata: Int32
  let context: Int32
  let addressesFitWord: Bool

  static var unknown: Int32 { -1 }

  init(_ regions: Regions) {
    data = Self.limit(regions.dataSize)
    rodata = Self.limit(regions.rodataSize)
    context = Self.limit(regions.contextSize)
    addressesFitWord = regions.addressesFitWord
  }

  private static func limit(_ size: Int?) -> Int32 {
    guard let size, size >= 0, size <= Int(maximumSize) else { return unknown }
    return Int32(truncatingIfNeeded: size)
  }

  /// Whether the upper half is zero: known of the number, or because addresses have 32 bits.
  @inline(__always)
  func fitsWord(_ value: AbstractValue) -> Bool {
    value.upperHalfIsZero || addressesFitWord && value.isAddress && addressFitsWord(value)
  }

  @inline(never)
  private func addressFitsWord(_ value: AbstractValue) -> Bool {
    // So far, and no farther, arenas keep from both ends of the address space. Read-only data may lie anywhere.
    let offsets = value.signedBounds
    if value.kind == .rodata { return offsets.low >= 0 && offsets.high <= max(rodata, 0) }
    return offsets.low >= -1 << 15 && offsets.high < 1 << 15
  }

  /// Addresses below this are no program's: microcontrollers have their vectors there, other machines nothing.
  private static var lowestAddress: Int32 { 256 }
  /// Nothing is said of regions that are larger. Offsets beyond twice as much need not be told from each other then.
  private static var maximumSize: Int32 { 1 << 29 }

  /// Finds out where an access of `size` bytes goes, at an address and a displacement of 16 bits.
  ///
  /// - Throws: the rule it breaks for certain.
  @inline(never)
  func locate(
    _ base: AbstractValue, _ displacement: Int32, size: UInt32, isWrite: Bool
  ) throws(Breach) -> Place {
    guard base.isAddress || base.kind == .signExtended || base.upperHalfIsZero && base.low >> 31 == 0 else {
      return .unknown
    }
    let bounds = base.signedBounds
    let limit = 2 * Self.maximumSize
    let bytes = Int32(truncatingIfNeeded: min(size, UInt32(Self.maximumSize)))
    let first = max(min(bounds.low, limit), -limit) &+ displacement
    let last = max(min(bounds.high, limit), -limit) &+ displacement
    let rule: VerifierError.Rule
    let end: Int32
    switch base.kind {
    case .stack:
      if first >= -Int32(Arena.frameSize), last &+ bytes <= 0 {
        return .frame(first, last: last &+ bytes &- 1)
      }
      if last < -Int32(Arena.frameSize) || first &+ bytes > 0 {
        throw Breach(.outsideStackFrame, found: Int64(first), expected: Int64(size))
      }
      return .unknown
    case .data: (rule, end) = (.outsideData, data)
    case .rodata: (rule, end) = (.outsideReadOnlyData, rodata)
    case .context: (rule, end) = (.outsideData, context)
    default:
      if first >= 0, last &+ bytes <= Self.lowestAddress {
        throw Breach(.numberAsAddress, found: Int64(first), expected: Int64(Self.lowestAddress))
      }
      return .unknown
    }
    let isWithin = first >= 0 && last &+ bytes <= end
    if isWrite, base.kind == .rodata, isWithin || base.isConstant {
      throw Breach(.writesReadOnlyData, found: Int64(first))
    }
    if isWithin { return .elsewhere }
    // Not one of the addresses will do.
    if end >= 0, base.kind != .context, last < 0 || first &+ bytes > end {
      throw Breach(rule, found: Int64(first), expected: Int64(end))
    }
    return .unknown
  }

  /// Where a range goes whose length is in a register. Only what is wrong even for its least length is refused.
  func locate(
    _ base: AbstractValue, length: AbstractValue, isWrite: Bool
  ) throws(Breach) -> Place {
    guard length.upperHalfIsZero else { return .unknown }
    let lengths = length.unsignedBounds
    let place =
      lengths.low > 0
      ? try locate(base, 0, size: lengths.low, isWrite: isWrite) : Place.unknown
    if lengths.low == lengths.high { return place }
    do throws(Breach) {
      return lengths.high > 0
        ? try locate(base, 0, size: lengths.high, isWrite: isWrite) : .elsewhere
    } catch { return .unknown }
  }

  /// Where a text goes of at least one byte and at most `limit`, unless the address is 0. Only what is wrong even for one
  /// byte is refused.
  func locateText(_ base: AbstractValue, limit: UInt32) throws(Breach) -> Place {
    guard base.isAddress || base.membersExcludeZero else { return .unknown }
    _ = try locate(base, 0, size: 1, isWrite: true)
    do throws(Breach) { return try locate(base, 0, size: limit, isWrite: true) } catch { return .unknown }
  }
}

extension Analysis {
  /// Whether the address is divisible by `size`, a power of two: regions but the read-only data start at multiples of 8.
  private static func isAligned(_ base: AbstractValue, _ displacement: Int32, size: UInt32) -> Bool {
    let mask = size &- 1
    return mask == 0
      || base.isAddress && base.kind != .rodata
        && (base.low &+ UInt32(truncatingIfNeeded: displacement)) & mask == 0 && base.stepMask & mask == mask
  }

  private static func proofs(
    _ place: Place, _ base: AbstractValue, _ displacement: Int32, size: UInt32
  ) -> Proofs {
    var proofs: Proofs = isAligned(base, displacement, size: size) ? .aligned : []
    if case .unknown = place { return proofs }
    proofs.insert(.inBounds)
    return proofs
  }

  // MARK: Loads. RFC 9669 §5.1, §5.2

  @inline(never)
  mutating func load(
    _ opcode: UInt8, _ instruction: Instruction
  ) throws(Breach) {
    let size = Self.size(opcode)
    let displacement = Int32(instruction.offset)
    let base = try state.cells.decisive(instruction.source)
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
    if regions.fitsWord(result) { proofs.insert(.resultFitsWord) }
    state.cells[instruction.destination] = result
  }

  private static func size(_ opcode: UInt8) -> UInt32 {
    switch opcode & 0x18 {
    case 0x00: 4
    case 0x08: 2
    case 0x10: 1
    default: 8
    }
  }

  private static func loaded(_ size: UInt32, isSigned: Bool) -> AbstractValue {
    guard size < 4 else {
      return size == 8
        ? .unknown : isSigned ? AbstractValue(.signExtended, multiplesFrom: 0, shift: 0) : .word
    }
    let end: UInt32 = 1 &<< (size &* 8)
    return isSigned
      ? AbstractValue(as: .signExtended, 0 &- end >> 1, end &- 1, 0)
      : AbstractValue(as: .zeroExtended, 0, end &- 1, 0)
  }

  /// The slot that these bytes are, if they are one.
  private static func wholeSlot(_ first: Int32, last: Int32) -> Int? {
    first & 7 == 0 && last &- first == 7 ? Int(first &+ Int32(Arena.frameSize)) >> 3 : nil
  }

  // MARK: Stores and atomic operations. RFC 9669 §5.1, §5.3

  @inline(never)
  mutating func store(
    _ opcode: UInt8, _ instruction: Instruction
  ) throws(Breach) {
    let size = Self.size(opcode)
    let displacement = Int32(instruction.offset)
    let base = try state.cells.decisive(instruction.destination)
    let value: AbstractValue
    if opcode & 7 == 2 {
      value = AbstractValue(immediate: instruction.immediate)
    } else {
      value = try state.cells.operand(instruction.source)
    }
    if regions.fitsWord(value) { proofs.insert(.sourceFitsWord) }
    let place = try regions.locate(base, displacement, size: size, isWrite: true)
    proofs.formUnion(Self.proofs(place, base, displacement, size: size))
    write(place)
    if opcode & 0xE7 == 0xC3 {
      fetch(instruction.operation, instruction.source, size)
    } else if case .frame(let first, let last) = place, let slot = Self.wholeSlot(first, last: last),
      value.hasValue
    {
      state.setSlot(slot, value)
    }
  }

  /// The register that gets the old value has it.
  private mutating func fetch(_ operation: Operation, _ source: Register, _ size: UInt32) {
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
    try Self.use(contract.argument(1), .r1, in: &self)
    try Self.use(contract.argument(2), .r2, in: &self)
    try Self.use(contract.argument(3), .r3, in: &self)
    let result: AbstractValue =
      switch contract.resultKind {
      case .scalar: .unknown
      case .pointer(let argument): AbstractValue(state.cells[Int(argument)])
      }
    state.endCall(result: result)
  }

  /// What a helper does with its argument in `register`, if it has one there.
  @inline(never)
  private static func use(
    _ argument: ArgumentKind?, _ register: Register, in analysis: inout Analysis
  ) throws(Breach) {
    guard let argument else { return }
    let value = try analysis.state.cells.decisive(register)
    switch argument {
    case .scalar, .handle: break
    case .readableBytes(let length):
      _ = try analysis.regions.locate(
        value, length: AbstractValue(analysis.state.cells[Int(length)]), isWrite: false)
    case .writableBytes(let length):
      analysis.write(
        try analysis.regions.locate(
          value, length: AbstractValue(analysis.state.cells[Int(length)]), isWrite: true))
    case .readable(let count):
      _ = try analysis.regions.locate(value, 0, size: UInt32(count), isWrite: false)
    case .writable(let count):
      analysis.write(try analysis.regions.locate(value, 0, size: UInt32(count), isWrite: true))
    case .optionalText(let limit):
      if value.isConstant, value.upperHalfIsZero, value.low == 0 { break }
      analysis.write(try analysis.regions.locateText(value, limit: UInt32(limit)))
    case .coapContext:
      _ = try analysis.regions.locate(value, 0, size: 1, isWrite: true)
    case .cString, .format:
      _ = try analysis.regions.locate(value, 0, size: 1, isWrite: false)
    }
  }
}
