import BPF
import Compartment
import Helpers

/// Where an access goes.
struct Place {
  enum Kind: UInt8 {
    case unknown
    /// Within the program's memory, but not in its stack.
    case elsewhere
    /// Within the stack frame: some bytes from `first` from r10 on, the last of them at most at `last`.
    case frame
    /// Nowhere: it breaks `rule`, with what is found in `first` and what is expected in `last`.
    case refused
  }

  let kind: Kind
  let rule: VerifierError.Rule
  let first: Int32
  let last: Int32

  init(_ kind: Kind, first: Int32 = 0, last: Int32 = 0) {
    self.kind = kind
    rule = .outsideStackFrame
    self.first = first
    self.last = last
  }

  @inline(never)
  init(breaking rule: VerifierError.Rule, found: Int32, expected: Int32) {
    kind = .refused
    self.rule = rule
    first = found
    last = expected
  }
}

extension AbstractValue {
  /// Whether the value is an address in a region whose upper half is zero, where addresses have 32 bits.
  func addressFitsWord(rodataSize: UInt32) -> Bool {
    // So far, and no farther, arenas keep from both ends of the address space. Read-only data may lie anywhere.
    let offsets = signedBounds
    if kind == .rodata { return offsets.low >= 0 && UInt32(bitPattern: offsets.high) <= rodataSize }
    return isAddress && offsets.low >= -1 << 15 && offsets.high < 1 << 15
  }
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

  /// Addresses below this are no program's: microcontrollers have their vectors there, other machines nothing.
  private static var lowestAddress: Int32 { 256 }
  /// Nothing is said of regions that are larger. Offsets beyond twice as much need not be told from each other then.
  private static var maximumSize: Int32 { 1 << 29 }

  /// Finds out where an access of `size` bytes goes, at an address and a displacement of 16 bits.
  @inline(never)
  func locate(
    _ base: AbstractValue, _ displacement: Int32, size: UInt32, isWrite: Bool
  ) -> Place {
    guard base.isAddress || base.kind == .signExtended || base.upperHalfIsZero && base.low >> 31 == 0 else {
      return Place(.unknown)
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
        return Place(.frame, first: first, last: last &+ bytes &- 1)
      }
      if last < -Int32(Arena.frameSize) || first &+ bytes > 0 {
        return Place(breaking: .outsideStackFrame, found: first, expected: Int32(clamping: size))
      }
      return Place(.unknown)
    case .data: (rule, end) = (.outsideData, data)
    case .rodata: (rule, end) = (.outsideReadOnlyData, rodata)
    case .context: (rule, end) = (.outsideData, context)
    default:
      if first >= 0, last &+ bytes <= Self.lowestAddress {
        return Place(breaking: .numberAsAddress, found: first, expected: Self.lowestAddress)
      }
      return Place(.unknown)
    }
    let isWithin = first >= 0 && last &+ bytes <= end
    if isWrite, base.kind == .rodata, isWithin || base.isConstant {
      return Place(breaking: .writesReadOnlyData, found: first, expected: 0)
    }
    if isWithin { return Place(.elsewhere) }
    // Not one of the addresses will do.
    if end >= 0, base.kind != .context, last < 0 || first &+ bytes > end {
      return Place(breaking: rule, found: first, expected: end)
    }
    return Place(.unknown)
  }

  /// Where a range goes whose length is in a register. Only what is wrong even for its least length is refused.
  func locate(_ base: AbstractValue, length: AbstractValue, isWrite: Bool) -> Place {
    guard length.upperHalfIsZero else { return Place(.unknown) }
    let lengths = length.unsignedBounds
    let place =
      lengths.low > 0 ? locate(base, 0, size: lengths.low, isWrite: isWrite) : Place(.unknown)
    if lengths.low == lengths.high || place.kind == .refused { return place }
    let longest =
      lengths.high > 0 ? locate(base, 0, size: lengths.high, isWrite: isWrite) : Place(.elsewhere)
    return longest.kind == .refused ? Place(.unknown) : longest
  }

  /// Where a text goes of at least one byte and at most `limit`, unless the address is 0. Only what is wrong even for one
  /// byte is refused.
  func locateText(_ base: AbstractValue, limit: UInt32) -> Place {
    guard base.isAddress || base.membersExcludeZero else { return Place(.unknown) }
    let first = locate(base, 0, size: 1, isWrite: true)
    if first.kind == .refused { return first }
    let all = locate(base, 0, size: limit, isWrite: true)
    return all.kind == .refused ? Place(.unknown) : all
  }
}

extension Analysis {
  /// What is proven of an access. False when it breaks a rule.
  @inline(__always)
  private mutating func prove(
    _ place: Place, _ base: AbstractValue, _ displacement: Int32, size: UInt32
  ) -> Bool {
    guard place.kind != .refused else { return refuse(place) }
    if Self.isAligned(base, displacement, size: size) { proofs.insert(.aligned) }
    if place.kind != .unknown { proofs.insert(.inBounds) }
    return true
  }

  /// Notes which rule is broken. False.
  @inline(never)
  private mutating func refuse(_ place: Place) -> Bool {
    refuse(place.rule, found: Int64(place.first), expected: Int64(place.last))
    return false
  }

  /// Whether the address is divisible by `size`, a power of two: regions but the read-only data start at multiples of 8.
  private static func isAligned(_ base: AbstractValue, _ displacement: Int32, size: UInt32) -> Bool {
    let mask = size &- 1
    return mask == 0
      || base.isAddress && base.kind != .rodata
        && (base.low &+ UInt32(truncatingIfNeeded: displacement)) & mask == 0 && base.stepMask & mask == mask
  }

  private static func size(_ opcode: UInt8) -> UInt32 {
    switch opcode & 0x18 {
    case 0x00: 4
    case 0x08: 2
    case 0x10: 1
    default: 8
    }
  }

  // MARK: Loads. RFC 9669 §5.1, §5.2

  /// The number of what a load gives.
  @inline(never)
  mutating func load(_ opcode: UInt8, _ instruction: Instruction) -> ValueNumber {
    let size = Self.size(opcode)
    let displacement = Int32(instruction.offset)
    proofs = .reachable
    let address = state[instruction.source]
    guard !isIndecisive(address) else {
      refuseDecisive(instruction.source)
      return .none
    }
    let base = state.value(address)
    var place = Place(.unknown)
    // Nothing is known of what is loaded from where nobody knows.
    if address != .unknown {
      place = regions.locate(base, displacement, size: size, isWrite: false)
      guard prove(place, base, displacement, size: size) else { return .none }
    } else if size == 1 {
      proofs.insert(.aligned)
    }
    var result = loaded(size, isSigned: opcode & 0xE0 == 0x80)
    if place.kind == .frame {
      let slots = Workspace.slots(place.first, through: place.last)
      if state.writtenSlots & slots == 0 {
        result = .indeterminate
      } else if let slot = Self.wholeSlot(place, size: size) {
        result = state.slot(slot)
      }
    }
    prove(.resultFitsWord, of: result)
    return result
  }

  /// The number of anything that so many bytes may hold.
  private mutating func loaded(_ size: UInt32, isSigned: Bool) -> ValueNumber {
    if isSigned { return loadedSigned(size) }
    return size == 1 ? state.anyByte : size == 2 ? state.anyHalfword : size == 4 ? .word : .unknown
  }

  @inline(never)
  private mutating func loadedSigned(_ size: UInt32) -> ValueNumber {
    let end: UInt32 = 1 &<< (size &* 8)
    return state.number(
      of: size == 4
        ? AbstractValue(.signExtended, multiplesFrom: 0, shift: 0)
        : AbstractValue(as: .signExtended, 0 &- end >> 1, end &- 1, 0))
  }

  /// The slot that an access of `size` bytes takes, if it takes one whole. Fewer bytes may lie anywhere in theirs.
  private static func wholeSlot(_ place: Place, size: UInt32) -> Int? {
    size == 8 && place.first & 7 == 0 && place.last &- place.first == 7
      ? Int(place.first &+ Int32(Arena.frameSize)) >> 3 : nil
  }

  // MARK: Stores and atomic operations. RFC 9669 §5.1, §5.3

  /// False when a rule is broken.
  @inline(never)
  mutating func store(_ opcode: UInt8, _ instruction: Instruction) -> Bool {
    let size = Self.size(opcode)
    let displacement = Int32(instruction.offset)
    let address = state[instruction.destination]
    guard !isIndecisive(address) else {
      refuseDecisive(instruction.destination)
      return false
    }
    let base = state.value(address)
    var number = ValueNumber.none
    let value: AbstractValue
    if opcode & 7 == 2 {
      value = AbstractValue(immediate: instruction.immediate)
    } else {
      number = state[instruction.source]
      guard number != .uninitialised else {
        _ = refuseOperand(instruction.source)
        return false
      }
      value = state.value(number)
    }
    if number == .none {
      if instruction.immediate >= 0 { proofs.insert(.sourceFitsWord) }
    } else {
      prove(.sourceFitsWord, of: number)
    }
    let place = regions.locate(base, displacement, size: size, isWrite: true)
    guard prove(place, base, displacement, size: size) else { return false }
    write(place)
    if opcode & 0xE7 == 0xC3 {
      fetch(instruction.operation, instruction.source, size)
    } else if place.kind == .frame, let slot = Self.wholeSlot(place, size: size), value.hasValue {
      state.setSlot(slot, number == .none ? state.number(of: value) : number)
    }
    return true
  }

  /// The register that gets the old value has it.
  @inline(never)
  private mutating func fetch(_ operation: Operation, _ source: Register, _ size: UInt32) {
    let old = loaded(size, isSigned: false)
    switch operation {
    case .cmpxchg32, .cmpxchg64: state[.r0] = old
    default: if operation.writesSource { state[source] = old }
    }
  }

  /// Forgets what a write to `place` may change. One that goes nobody knows where may go to the stack.
  private mutating func write(_ place: Place) {
    switch place.kind {
    case .frame: state.write(slots: Workspace.slots(place.first, through: place.last))
    case .elsewhere, .refused: break
    case .unknown: state.writeAnything()
    }
  }

  // MARK: Helpers

  /// What a helper does with its argument in `register`, if it has one there. False when a rule is broken.
  @inline(never)
  mutating func use(_ argument: ArgumentKind?, _ register: Register) -> Bool {
    guard let argument else { return true }
    guard !isIndecisive(state[register]) else {
      refuseDecisive(register)
      return false
    }
    let value = state.value(register)
    let place: Place
    var isWrite = false
    switch argument {
    case .scalar, .handle: return true
    case .readableBytes(let length):
      place = regions.locate(value, length: self.length(in: length), isWrite: false)
    case .writableBytes(let length):
      isWrite = true
      place = regions.locate(value, length: self.length(in: length), isWrite: true)
    case .readable(let count):
      place = regions.locate(value, 0, size: UInt32(count), isWrite: false)
    case .writable(let count):
      isWrite = true
      place = regions.locate(value, 0, size: UInt32(count), isWrite: true)
    case .optionalText(let limit):
      if value.isConstant, value.upperHalfIsZero, value.low == 0 { return true }
      isWrite = true
      place = regions.locateText(value, limit: UInt32(limit))
    case .coapContext:
      place = regions.locate(value, 0, size: 1, isWrite: true)
    case .cString, .format:
      place = regions.locate(value, 0, size: 1, isWrite: false)
    }
    guard place.kind != .refused else { return refuse(place) }
    if isWrite { write(place) }
    return true
  }

  /// The value of the register that holds the length of a range.
  private mutating func length(in register: UInt8) -> AbstractValue {
    Register(rawValue: register).map { state.value($0) } ?? .unknown
  }
}
