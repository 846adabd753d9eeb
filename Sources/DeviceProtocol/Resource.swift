import Bytes
public import CoAP

/// Everything a device serves, one row each. Routing, `/.well-known/core` and the documentation are made from this table.
public enum Resource: UInt8, CaseIterable, Sendable {
  case wellKnownCore, device, slots, slot, run, request, instance, log, pause, resume, timer, event, code,
    instances, store, storeEntry, programStore, programStoreEntry, deployment,
    trigger, push, peripherals, peripheral,
    pin,
    reboot

  /// A resource's row.
  public struct Row: Sendable {
    public let methods: MethodSet
    /// What a query may choose.
    public var choices = ChoiceSet.none
    public var parameters = ParameterSet.none
    /// Whether a request's body may come in blocks (RFC 7959 §2.5).
    public var takesBlocks = false
    /// Whether clients can be told of its changes (RFC 7641).
    public var isObservable = false
    /// Whether discovery lists it: not the members of a collection, whose numbers the collection tells.
    public var isLinked = true
    /// The resource type of RFC 6690 §3.1.
    public let type: StaticString
    /// What a response holds unless another format is asked for.
    public let contentFormat: ContentFormat
    public let title: StaticString

    /// What discovery says of it.
    public var link: LinkAttributes {
      LinkAttributes(
        resourceType: type, contentFormat: contentFormat, title: title, isObservable: isObservable)
    }
  }

  /// Segments divided by `/`; `+` stands for the number of a slot, a device or a port, `*` at the end for the key of an entry.
  public var path: StaticString {
    switch self {
    case .wellKnownCore: ".well-known/core"
    case .device: "device"
    case .slots: "slots"
    case .slot: "slots/+"
    case .run: "slots/+/run"
    case .request: "slots/+/request"
    case .log: "slots/+/log"
    case .instance: "slots/+/instance"
    case .instances: "instances"
    case .pause: "slots/+/pause"
    case .resume: "slots/+/resume"
    case .timer: "slots/+/timer"
    case .event: "slots/+/event"
    case .code: "slots/+/code"
    case .store: "store"
    case .storeEntry: "store/*"
    case .programStore: "slots/+/store"
    case .programStoreEntry: "slots/+/store/*"
    case .deployment: "suit"
    case .trigger: "suit/trigger"
    case .push: "suit/push"
    case .peripherals: "peripherals"
    case .peripheral: "peripherals/+"
    case .pin: "pins/+/*"
    case .reboot: "reboot"
    }
  }

  public var row: Row {
    switch self {
    case .wellKnownCore:
      Row(
        methods: .get, type: "core", contentFormat: .linkFormat,
        title: "What this device offers")
    case .device:
      Row(
        methods: .get, type: "microbpf.device", contentFormat: .cbor,
        title: "Identity, version and limits")
    case .slots:
      Row(
        methods: .get, isObservable: true, type: "microbpf.slots", contentFormat: .cbor,
        title: "All program slots")
    case .slot:
      Row(
        methods: [.get, .delete], choices: ChoiceSet(.keepCode), isObservable: true,
        type: "microbpf.slot", contentFormat: .cbor, title: "A program slot: look at it, erase it")
    case .run:
      Row(
        methods: .post, choices: .engine, parameters: .limits, type: "microbpf.run",
        contentFormat: .cbor, title: "Run the slot's program and return its result")
    case .request:
      Row(
        methods: [.get, .post, .put, .delete], choices: .engine,
        parameters: .limits, type: "microbpf.request", contentFormat: .cbor,
        title: "Let the slot's program answer the request")
    case .log:
      Row(
        methods: .get, isObservable: true, type: "microbpf.log", contentFormat: .text,
        title: "What the slot's program printed last")
    case .instance:
      Row(
        methods: [.get, .post, .delete],
        choices: [.engine, .boot, ChoiceSet(.restartOnFailure), ChoiceSet(.restartAlways)],
        parameters: .limits, isObservable: true,
        type: "microbpf.instance", contentFormat: .cbor,
        title: "What runs in the slot: look at it, start it, end it")
    case .instances:
      Row(
        methods: .get, isObservable: true, type: "microbpf.instances",
        contentFormat: .cbor, title: "What runs in all slots")
    case .pause:
      Row(
        methods: .post, type: "microbpf.pause", contentFormat: .cbor,
        title: "Take the slot's program from the processor")
    case .resume:
      Row(
        methods: .post, type: "microbpf.resume", contentFormat: .cbor,
        title: "Let the slot's program go on")
    case .timer:
      Row(
        methods: .post, choices: [.engine, .boot],
        parameters: [.limits, ParameterSet(.every)], type: "microbpf.timer", contentFormat: .cbor,
        title: "Run the slot's program again and again")
    case .event:
      Row(
        methods: .post, choices: [.engine, .boot, ChoiceSet(.pressed)],
        parameters: [.limits, .event], type: "microbpf.event", contentFormat: .cbor,
        title: "Run the slot's program at each event of the board")
    case .code:
      Row(
        methods: [.post, .delete],
        choices: [ChoiceSet(.checked), ChoiceSet(.hardware)], type: "microbpf.code", contentFormat: .cbor,
        title: "Compile the slot's program, drop its code")
    case .store:
      Row(
        methods: .get, isObservable: true, type: "microbpf.store", contentFormat: .cbor,
        title: "What all programs share")
    case .storeEntry:
      Row(
        methods: [.get, .put, .delete], isLinked: false, type: "microbpf.entry",
        contentFormat: .cbor, title: "A value that all programs share")
    case .programStore:
      Row(
        methods: .get, isObservable: true, type: "microbpf.store",
        contentFormat: .cbor, title: "What the slot's program keeps")
    case .programStoreEntry:
      Row(
        methods: [.get, .put, .delete], isLinked: false, type: "microbpf.entry",
        contentFormat: .cbor, title: "A value that the slot's program keeps")
    case .deployment:
      Row(
        methods: .get, isObservable: true, type: "microbpf.deployment", contentFormat: .cbor,
        title: "How far a deployment is, or how the last one ended")
    case .trigger:
      Row(
        methods: .post, type: "suit.trigger", contentFormat: .cbor,
        title: "Install what the manifest at this URL describes")
    case .push:
      Row(
        methods: .post, takesBlocks: true, type: "microbpf.push", contentFormat: .cbor,
        title: "Install the image that comes with its manifest")
    case .peripherals:
      Row(
        methods: .get, type: "microbpf.peripherals", contentFormat: .cbor,
        title: "What sensors measure, actuators are set to and the display shows")
    case .peripheral:
      Row(
        methods: [.get, .put, .delete], isLinked: false, type: "microbpf.peripheral",
        contentFormat: .cbor, title: "A sensor or an actuator: set it, simulate what it measures")
    case .pin:
      Row(
        methods: [.get, .put], isLinked: false, type: "microbpf.pin", contentFormat: .cbor,
        title: "A pin of a port")
    case .reboot:
      Row(
        methods: .post, type: "microbpf.reboot", contentFormat: .cbor,
        title: "Restart the device")
    }
  }

  /// Whether the path names one of several things by number.
  public var hasParameter: Bool {
    var segments = PathSegments(path.bytes)
    while let segment = segments.next() {
      if segment.holdsSameBytes(as: "+") { return true }
    }
    return false
  }
}

/// The methods of CoAP a resource answers.
public struct MethodSet: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  public static let get = MethodSet(rawValue: 1)
  public static let post = MethodSet(rawValue: 2)
  public static let delete = MethodSet(rawValue: 4)
  public static let put = MethodSet(rawValue: 8)

  /// Whether the method with this code is one of them.
  public func contains(_ code: Code) -> Bool {
    switch code {
    case .get: contains(MethodSet.get)
    case .post: contains(MethodSet.post)
    case .delete: contains(MethodSet.delete)
    case .put: contains(MethodSet.put)
    default: false
    }
  }
}
