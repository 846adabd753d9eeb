public import BPF
public import Helpers
public import ProgramImage

/// When it is checked that a program calls granted helpers only. The numbers are those that published tools send.
public enum AccessStage: UInt8, CaseIterable, Sendable {
  /// On the developer's machine, before the image is signed.
  case aheadOfTime = 0
  /// When the image is installed.
  case loadTime = 1
  /// Before each run.
  case preFlight = 2
  /// At each call.
  case runTime = 3
}

/// The stages at which a device checks. At run time it always does: the others only find out earlier.
public struct AccessStages: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  public init(_ stage: AccessStage) {
    rawValue = 1 << stage.rawValue
  }

  public static var loadTime: AccessStages { AccessStages(.loadTime) }
  public static var preFlight: AccessStages { AccessStages(.preFlight) }
  public static var runTime: AccessStages { AccessStages(.runTime) }
}

/// What a device grants to the programs in its slots, and when it checks; and what it grants to those who ask it.
public struct AccessPolicy: Sendable {
  private var slots = PerSlot<HelperSet>(repeating: .all)
  public var stages: AccessStages
  /// What those may do who ask from outside.
  public var remote = RemoteAccess.all

  /// Every helper for every slot.
  public init(stages: AccessStages = [.loadTime, .preFlight, .runTime]) {
    self.stages = stages
  }

  /// What the device grants to whatever program is in the slot.
  public subscript(slot: SlotNumber) -> HelperSet {
    get { slots[slot.index] }
    set { slots[slot.index] = newValue }
  }

  /// Checks a program at a stage, if the device does so then.
  ///
  /// - Throws: `HelperCall`, the first one that is not granted.
  public func check(
    _ instructions: Span<Instruction>, granted: HelperSet, at stage: AccessStage
  ) throws(HelperCall) {
    guard stages.contains(AccessStages(stage)), let call = firstCall(outside: granted, in: instructions)
    else { return }
    throw call
  }
}

/// The helpers a program may call: what the device grants to its slot, within that what the signed image asks for if it says
/// so, and within that what a request asks for if it does. Nobody but the device can add.
public func grantedHelpers(image: HelperSet?, policy: HelperSet, request: HelperSet? = nil) -> HelperSet {
  policy.intersection(image ?? .all).intersection(request ?? .all)
}
