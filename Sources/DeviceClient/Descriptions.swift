import DeviceProtocol

/// What a slot holds.
public struct SlotDescription: Codable, Equatable, Sendable {
  public let slot: Int
  /// Bytes of the image; 0 when the slot is empty.
  public let size: Int
  public let sequence: UInt32
  public let runs: Int
  /// Whether the program is started whenever the device has.
  public let startsAtBoot: Bool
  /// SHA-256 of the image, in hexadecimal.
  public let digest: String
  /// The compiled program; `nil` when there is none.
  public let code: CodeDescription?

  init(_ value: Value) throws(DeviceError) {
    slot = Int(try value.integer(Field.slot))
    size = Int(try value.integer(Field.size))
    sequence = UInt32(clamping: try value.integer(Field.sequence))
    runs = Int(try value.integer(Field.runs))
    startsAtBoot = try value.text(Field.boot) == "start"
    digest = hexadecimal(try value.bytes(Field.digest))
    code = try value.integer(Field.codeBytes) == 0 ? nil : try CodeDescription(value)
  }
}

/// The code of a slot's program.
public struct CodeDescription: Codable, Equatable, Sendable {
  public let slot: Int
  public let codeBytes: Int
  /// Bytes taken of what the slot has for code, data and map included.
  public let regionBytes: Int
  /// Who keeps the program within its compartment: `checked` code or the `hardware`.
  public let isolation: String
  /// Accesses to memory, and those of them that the code checks.
  public let accesses: Int
  public let checkedAccesses: Int
  /// On the device's clock, what it took to verify and compile the program.
  public let compileMicroseconds: Int

  init(_ value: Value) throws(DeviceError) {
    slot = Int(try value.integer(Field.slot))
    codeBytes = Int(try value.integer(Field.codeBytes))
    regionBytes = Int(try value.integer(Field.codeRegionBytes))
    isolation = try value.text(Field.isolation)
    accesses = Int(try value.integer(Field.accesses))
    checkedAccesses = Int(try value.integer(Field.checkedAccesses))
    compileMicroseconds = Int(try value.integer(Field.compileMicroseconds))
  }
}

/// How an execution ended.
public struct ExecutionDescription: Codable, Equatable, Sendable {
  /// r0, as a signed number.
  public let result: Int64
  /// eBPF instructions executed; `nil` when nobody counted, as of compiled programs.
  public let instructions: Int?
  /// On the device's clock, preparing the compartment included.
  public let microseconds: Int

  init(_ value: Value) throws(DeviceError) {
    result = try value.integer(Field.result)
    instructions =
      value[.text("\(Field.instructions)")] == nil ? nil : Int(try value.integer(Field.instructions))
    microseconds = Int(try value.integer(Field.microseconds))
  }
}

/// What runs in a slot, or ran there last.
public struct InstanceDescription: Codable, Equatable, Sendable {
  public let slot: Int
  /// `idle`, `running`, `sleeping`, `paused`, `ended`, or `waiting` for its timer or a new start.
  public let state: String
  /// `short`, `request`, `long-running` or `triggered`.
  public let model: String
  /// `interpreter` or `jit`.
  public let engine: String
  /// On the device's clock, when the run was started.
  public let started: Int64
  /// How often it was started since it was installed, and how often of that by itself after it had ended.
  public let starts: Int
  public let restarts: Int
  /// What the run has used of the processor.
  public let milliseconds: Int
  public let instructions: Int?
  /// The period of a program that a timer runs.
  public let every: Int?
  /// Of a program that an event runs: which device has to come above or below what, and how often it has.
  public let device: Int?
  public let above: Int?
  public let below: Int?
  public let events: Int?
  /// How the last run ended: `returned`, `trapped`, `faulted` or `killed`.
  public let ending: String?
  public let result: Int64?
  public let rule: Int?
  public let index: Int?
  public let address: Int64?

  init(_ value: Value) throws(DeviceError) {
    slot = Int(try value.integer(Field.slot))
    state = try value.text(Field.state)
    model = try value.text(Field.model)
    engine = try value.text(Field.engine)
    started = try value.integer(Field.started)
    starts = Int(try value.integer(Field.starts))
    restarts = Int(try value.integer(Field.restarts))
    milliseconds = Int(try value.integer(Field.milliseconds))
    instructions = try value.optionalInteger(Field.instructions).map { Int($0) }
    every = try value.optionalInteger(Field.every).map { Int($0) }
    device = try value.optionalInteger(Field.device).map { Int($0) }
    above = try value.optionalInteger(Field.above).map { Int($0) }
    below = try value.optionalInteger(Field.below).map { Int($0) }
    events = try value.optionalInteger(Field.events).map { Int($0) }
    ending = value[.text("\(Field.ending)")] == nil ? nil : try value.text(Field.ending)
    result = try value.optionalInteger(Field.result)
    rule = try value.optionalInteger(Field.rule).map { Int($0) }
    index = try value.optionalInteger(Field.index).map { Int($0) }
    address = try value.optionalInteger(Field.address)
  }
}

/// An entry of a store.
public struct StoreEntryDescription: Codable, Equatable, Sendable {
  public let key: UInt32
  public let value: UInt32
  /// The slot whose program brought the key into the store that all share; `nil` when somebody outside did.
  public let owner: Int?

  init(_ value: Value) throws(DeviceError) {
    key = UInt32(clamping: try value.integer(Field.key))
    self.value = UInt32(clamping: try value.integer(Field.value))
    owner = try value.optionalInteger(Field.owner).map { Int($0) }
  }
}

/// What a deployment installed, and what it took.
public struct InstallationDescription: Codable, Equatable, Sendable {
  public let slot: Int
  /// Bytes of the image.
  public let size: Int
  public let sequence: UInt32
  /// On the device's clock, from the request to the installed program.
  public let milliseconds: Int
  /// Datagrams the device sent and received to fetch manifest and image.
  public let packets: Int

  init(_ value: Value) throws(DeviceError) {
    slot = Int(try value.integer(Field.slot))
    size = Int(try value.integer(Field.size))
    sequence = UInt32(clamping: try value.integer(Field.sequence))
    milliseconds = Int(try value.integer(Field.milliseconds))
    packets = Int(try value.integer(Field.packets))
  }
}

/// How far a deployment is, or how the last one ended.
public struct ProgressDescription: Codable, Equatable, Sendable {
  /// `idle`, `manifest` or `image` while that is on its way, `installed` or `failed`.
  public let state: String
  /// Bytes of the manifest that have arrived, or of the image.
  public let received: Int
  /// Datagrams that the device has sent and received for it.
  public let packets: Int
  /// Once the manifest has been judged: where the image goes, and how many bytes it has.
  public let slot: Int?
  public let size: Int?

  init(_ value: Value) throws(DeviceError) {
    state = try value.text(Field.state)
    received = Int(try value.integer(Field.received))
    packets = Int(try value.integer(Field.packets))
    slot = try value.optionalInteger(Field.slot).map { Int($0) }
    size = try value.optionalInteger(Field.size).map { Int($0) }
  }
}

/// What a slot's program printed last.
public struct LogDescription: Codable, Equatable, Sendable {
  public let slot: Int
  /// Bytes printed in the slot since the device started, modulo 2^32. Where it has grown by more than there is text, the rest
  /// has been overwritten.
  public let printed: UInt32
  /// Bytes that the program wanted to print, but were too many for one second.
  public let dropped: UInt32
  /// The last bytes that were printed.
  public let text: [UInt8]

  init(slot: Int, printed: UInt32, dropped: UInt32, text: [UInt8]) {
    self.slot = slot
    self.printed = printed
    self.dropped = dropped
    self.text = text
  }

  init(_ value: Value) throws(DeviceError) {
    slot = Int(try value.integer(Field.slot))
    printed = UInt32(truncatingIfNeeded: try value.integer(Field.printed))
    dropped = UInt32(truncatingIfNeeded: try value.integer(Field.dropped))
    text = try value.bytes(Field.text)
  }
}

/// Who the device is and what it has room for.
public struct DeviceDescription: Codable, Equatable, Sendable {
  public let board: String
  public let version: String
  /// UUIDs in hexadecimal without hyphens.
  public let vendor: String
  public let classID: String
  public let serial: Int64
  /// Milliseconds since the device started.
  public let uptime: Int64
  public let slots: Int
  /// The largest image, and a program's memory, in bytes.
  public let imageBytes: Int
  public let arenaBytes: Int
  /// What each slot has for its compiled program; 0 when the device does not run such.
  public let codeRegionBytes: Int
  /// Heap that the device has taken, in bytes; `nil` when it does not say.
  public let heapBytes: Int?
  /// Since the device started: datagrams that came, those that were no messages, requests, and those that were refused; but
  /// for requests for this description. `nil` when it does not say.
  public let datagrams, malformed, requests, refused: UInt32?
  /// The address at which the device sees this machine, as it stands in a URL.
  public let you: String

  init(_ value: Value) throws(DeviceError) {
    board = try value.text(Field.board)
    version = try value.text(Field.version)
    vendor = hexadecimal(try value.bytes(Field.vendor))
    classID = hexadecimal(try value.bytes(Field.classID))
    serial = try value.integer(Field.serial)
    uptime = try value.integer(Field.uptime)
    slots = Int(try value.integer(Field.slots))
    imageBytes = Int(try value.integer(Field.imageBytes))
    arenaBytes = Int(try value.integer(Field.arenaBytes))
    codeRegionBytes = Int(try value.integer(Field.codeRegionBytes))
    heapBytes = value[.text("\(Field.heapBytes)")]?.integer.map { Int($0) }
    datagrams = try value.counter(Field.datagrams)
    malformed = try value.counter(Field.malformed)
    requests = try value.counter(Field.requests)
    refused = try value.counter(Field.refused)
    you = try value.text(Field.you)
  }
}

/// What is connected to a device, as it was when it was asked.
public struct PeripheralDescription: Codable, Equatable, Sendable {
  /// What a sensor measured, or an actuator was set to.
  public struct Reading: Codable, Equatable, Sendable {
    /// The number by which programs find it.
    public let device: Int
    /// What it is: a `DeviceType`.
    public let type: UInt8
    /// A `PhysicalUnit`.
    public let unit: UInt8
    /// Each of the numbers is meant times 10 to the power of this.
    public let scale: Int
    /// One to three numbers.
    public let values: [Int]
  }

  /// The rows of the display, with the spaces at their ends; none when there is no display, or no program has started it.
  public let display: [String]
  public let readings: [Reading]

  init(_ value: Value) throws(DeviceError) {
    guard case .array(let items) = value else { throw .notUnderstood("no list of peripherals") }
    var display: [String] = []
    var readings: [Reading] = []
    for item in items {
      if try item.optionalInteger(Field.row) != nil {
        display.append(try item.text(Field.text))
      } else {
        readings.append(try Reading(item))
      }
    }
    self.display = display
    self.readings = readings
  }
}

extension PeripheralDescription.Reading {
  init(_ value: Value) throws(DeviceError) {
    device = Int(try value.integer(Field.device))
    type = UInt8(clamping: try value.integer(Field.type))
    unit = UInt8(clamping: try value.integer(Field.unit))
    scale = Int(try value.integer(Field.scale))
    var values = [Int(try value.integer(Field.first))]
    if let second = try value.optionalInteger(Field.second) { values.append(Int(second)) }
    if let third = try value.optionalInteger(Field.third) { values.append(Int(third)) }
    self.values = values
  }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

extension Value {
  fileprivate func integer(_ field: StaticString) throws(DeviceError) -> Int64 {
    guard let value = self[.text("\(field)")]?.integer else {
      throw .notUnderstood("it lacks the number \"\(field)\"")
    }
    return value
  }

  fileprivate func optionalInteger(_ field: StaticString) throws(DeviceError) -> Int64? {
    self[.text("\(field)")] == nil ? nil : try integer(field)
  }

  fileprivate func counter(_ field: StaticString) throws(DeviceError) -> UInt32? {
    try optionalInteger(field).map { UInt32(truncatingIfNeeded: $0) }
  }

  fileprivate func bytes(_ field: StaticString) throws(DeviceError) -> [UInt8] {
    guard let value = self[.text("\(field)")]?.bytes else {
      throw .notUnderstood("it lacks the bytes \"\(field)\"")
    }
    return value
  }

  fileprivate func text(_ field: StaticString) throws(DeviceError) -> String {
    guard let value = self[.text("\(field)")]?.text else {
      throw .notUnderstood("it lacks the text \"\(field)\"")
    }
    return value
  }
}
