import CoAP
import Platform
import ProgramImage
public import DeviceProtocol
public import Interpreter
import Runtime
import Verifier

extension Problem {
  init(_ error: RunError, in slot: SlotNumber) {
    switch error {
    case .emptySlot: self.init(emptySlot: slot)
    case .load(let error): self.init(error)
    case .notCompiled: self.init(compilation: .notCompiled, in: slot)
    case .noNativeProcessor: self.init(compilation: .noNativeProcessor, in: slot)
    case .busy: self.init(busySlot: slot)
    case .noRoomBesideCode: self.init(compilation: .noRoomBesideCode, in: slot)
    case .helperNotGranted(let call):
      self.init(
        .forbidden, .request, rule: RequestRule.helperNotAllowed.rawValue, title: "Helper not allowed",
        detail: "the program calls a helper that the request does not let it call", index: Int64(call.index),
        found: Int64(call.number))
    case .requestTooLong(let found, let limit):
      self.init(
        .requestEntityTooLarge, .request, rule: RequestRule.requestTooLong.rawValue,
        title: "Request too long", detail: "a program is given requests up to a certain length",
        expected: Int64(limit), found: Int64(found))
    case .noDevice(let found, let count): self.init(noDevice: found, of: count)
    case .arenaSize(let found):
      self.init(
        .badRequest, .request, rule: RequestRule.arenaSize.rawValue, title: "No such size of an arena",
        detail: "a run is given a multiple of an eighth of its memory, without the eighth of its thread",
        expected: Int64(Limits.arenaBytes), found: Int64(found))
    case .logRate(let found):
      self.init(
        .badRequest, .request, rule: RequestRule.logRate.rawValue, title: "Too much to print",
        detail: "no program may print so many bytes in one second",
        expected: Int64(Limits.logBytesPerSecond), found: Int64(found))
    }
  }

  private init(busySlot slot: SlotNumber) {
    self.init(
      .conflict, .request, rule: RequestRule.slotBusy.rawValue, title: "Program is running",
      detail: "a run of this slot's program is under way; wait for its end, or end it",
      found: Int64(slot.index))
  }

  init(notRunning slot: SlotNumber) {
    self.init(
      .conflict, .request, rule: RequestRule.notRunning.rawValue, title: "Program is not running",
      detail: "there is no run of this slot's program that this could be done to", found: Int64(slot.index))
  }

  init(noPeriod slot: SlotNumber) {
    self.init(
      .badRequest, .request, rule: RequestRule.noPeriod.rawValue, title: "No period given",
      detail: "say how often to run the program: every=MILLISECONDS", found: Int64(slot.index))
  }

  init(noEvent slot: SlotNumber) {
    self.init(
      .badRequest, .request, rule: RequestRule.noEvent.rawValue, title: "No event given",
      detail: "say which device and what of it: device=NUMBER and one of above=VALUE, below=VALUE, pressed",
      found: Int64(slot.index))
  }

  static var atBootOfNothing: Problem {
    Problem(
      .badRequest, .request, rule: RequestRule.query.rawValue, title: "Query not understood",
      detail: "a program that is ended is not started at boot; start it so")
  }

  init(noDevice number: Int, of count: Int) {
    self.init(
      .notFound, .request, rule: RequestRule.noDevice.rawValue, title: "No such device",
      detail: "the board has fewer sensors and actuators", expected: Int64(count), found: Int64(number))
  }

  init(_ error: PacketError) {
    let detail: StaticString
    let rule: UInt8
    var expected: Int64?
    var found: Int64?
    switch error {
    case .noResponse(let returned):
      (rule, detail) = (ExecutionRule.noResponse, "the program returned no length of a response")
      found = Int64(returned)
    case .tooLong(let returned, let capacity):
      (rule, detail) = (
        ExecutionRule.responseTooLong, "the program returned more than its packet has room for"
      )
      (expected, found) = (Int64(capacity), Int64(returned))
    case .malformed, .header, .code:
      (rule, detail) = (ExecutionRule.wrongResponse, "what the program left is no response to the request")
    case .option(let number):
      (rule, detail) = (ExecutionRule.wrongOption, "the response holds an option that is not the program's")
      found = Int64(number)
    }
    self.init(
      .badGateway, .execution, rule: rule, title: "No response from the program", detail: detail,
      expected: expected, found: found)
  }

  init(killed slot: SlotNumber, index: Int?) {
    self.init(
      .serviceUnavailable, .execution, rule: ExecutionRule.killed, title: "Run was ended",
      detail: "somebody ended the run, or put another program into the slot", index: index.map { Int64($0) },
      found: Int64(slot.index))
  }

  init(_ fault: ThreadFault, index: Int?) {
    self.init(
      .internalServerError, .execution, rule: ExecutionRule.fault + fault.kind.rawValue,
      title: "Program stopped by the processor", detail: Self.sentence(for: fault.kind),
      index: index.map { Int64($0) }, found: fault.programCounter.map { Int64($0) },
      address: fault.address.map { UInt64($0) })
  }

  private static func sentence(for kind: ThreadFault.Kind) -> StaticString {
    switch kind {
    case .load: "it read memory that is not its own"
    case .store: "it wrote memory that is not its own"
    case .fetch: "it jumped to where no code of its own is"
    case .stack: "its stack pointer left its memory"
    case .bus: "it touched the system's registers, or an address where nothing is"
    case .instruction: "it came to an instruction that does not exist, or that programs may not use"
    case .hard: "it came to a breakpoint or the like"
    case .systemCall: "it called the system in a way that there is not"
    }
  }

  private init(emptySlot slot: SlotNumber) {
    self.init(
      .notFound, .request, rule: RequestRule.emptySlot.rawValue, title: "Slot is empty",
      detail: "nothing is installed in this slot", found: Int64(slot.index))
  }

  init(_ error: CompilationError, in slot: SlotNumber) {
    switch error {
    case .emptySlot: self.init(emptySlot: slot)
    case .busy: self.init(busySlot: slot)
    case .load(let error): self.init(error)
    case .noNativeProcessor: self.init(compilation: .noNativeProcessor, in: slot)
    case .isolationNotAvailable: self.init(compilation: .isolation, in: slot)
    case .tooLittleRoom(let needed, let available):
      self.init(
        .unprocessableEntity, .compilation, rule: CompilationRule.tooLittleRoom.rawValue,
        title: "Program too large to be compiled",
        detail: "code, data and map together need more memory than a slot has for them",
        expected: Int64(available), found: Int64(needed))
    }
  }

  init(compilation rule: CompilationRule, in slot: SlotNumber) {
    switch rule {
    case .noNativeProcessor:
      self.init(
        .notImplemented, .compilation, rule: rule.rawValue, title: "No compiled programs",
        detail: "this device cannot run compiled programs")
    case .isolation:
      self.init(
        .notImplemented, .compilation, rule: rule.rawValue, title: "Isolation not available",
        detail: "this device cannot isolate a compiled program by its memory protection unit")
    case .noRoomBesideCode:
      self.init(
        .conflict, .compilation, rule: rule.rawValue, title: "No room beside the compiled program",
        detail: "the interpreter has no room for this program while its code is kept; drop the code first",
        found: Int64(slot.index))
    case .tooLittleRoom, .notCompiled:
      self.init(
        .conflict, .compilation, rule: rule.rawValue, title: "Program is not compiled",
        detail: "there is no code of this slot's program; compile it first", found: Int64(slot.index))
    }
  }

  init(_ error: VerifierError) {
    self.init(
      .unprocessableEntity, .verifier, rule: error.rule.rawValue, title: "Program refused by the verifier",
      detail: Self.sentence(for: error.rule), index: Int64(error.index), expected: error.expected,
      found: error.found)
  }

  private static func sentence(for rule: VerifierError.Rule) -> StaticString {
    switch rule {
    case .emptyProgram: "the program has no instruction"
    case .tooLong: "the program has more instructions than there is room for"
    case .partialInstruction: "the length of the text is no multiple of 8"
    case .unknownOpcode: "no instruction has this opcode"
    case .unknownVariant: "no instruction with this opcode has this variant"
    case .destinationOutOfRange: "the destination is no register"
    case .sourceOutOfRange: "the source is no register"
    case .reservedFieldsNotZero: "a field that the instruction does not use is not zero"
    case .entryOutside: "the program starts outside its text"
    case .entryIntoWideLoad: "the program starts inside a wide load"
    case .writesFramePointer: "the instruction would change r10"
    case .jumpOutside: "the jump leaves the text"
    case .jumpIntoWideLoad: "the jump goes into a wide load"
    case .callOutside: "the call leaves the text"
    case .callIntoWideLoad: "the call goes into a wide load"
    case .incompleteWideLoad: "the wide load has no second half"
    case .strayUpperHalf: "the second half of a wide load stands alone"
    case .fallsOffTheEnd: "execution would run past the last instruction"
    case .unknownHelper: "there is no helper with this number"
    case .helperNotGranted: "the program is not granted this helper"
    case .packetAccess: "the legacy packet instructions are not offered"
    case .unsupportedWideLoad: "the wide load refers to an object that a compartment has not"
    case .callByBTF: "calls by BTF number are not offered"
    case .uninitialisedRegister: "the instruction uses a register that nothing was written to"
    case .uninitialisedStack: "the instruction depends on stack that nothing was written to"
    case .outsideStackFrame: "the access is outside the stack frame"
    case .outsideData: "the access is outside the program's data"
    case .outsideReadOnlyData: "the access is outside the program's read-only data"
    case .writesReadOnlyData: "the instruction writes read-only data"
    case .numberAsAddress: "the instruction takes a number for an address"
    case .neverEnds: "the program can neither return nor stop itself, nor does it sleep"
    }
  }

  public init(_ trap: Trap) {
    self.init(
      .internalServerError, .execution, rule: trap.rule.rawValue, title: "Program stopped",
      detail: Self.sentence(for: trap), index: Int64(trap.index),
      found: trap.helperFault.map { Int64($0.argument) },
      address: trap.address)
  }

  private static func sentence(for trap: Trap) -> StaticString {
    switch trap.rule {
    case .readOutside: "it read memory outside its compartment"
    case .writeOutside: "it wrote memory outside its compartment"
    case .budgetSpent: "it used up the instructions or the time it may take"
    case .callTooDeep: "its functions call each other deeper than its stack allows"
    case .unknownHelper: "it called a helper that does not exist"
    case .helperNotGranted: "it called a helper that it is not granted"
    case .invalidOperation: "it came to an instruction that cannot be run"
    case .checkFailed: "a check in the program failed: an overflow, an index out of range, or the like"
    case .helperFault:
      switch trap.helperFault?.reason {
      case .access: "it gave a helper an address outside its compartment"
      case .argument: "it gave a helper an argument that the helper does not take"
      case .format: "it gave printf a conversion that does not exist"
      case .unavailable: "it called a helper that this device does not offer"
      case .notGranted: "it called a helper that it is not granted"
      case nil: "a helper refused its arguments"
      }
    }
  }
}
