import CoAPTransport
import DeviceClient
import DeviceProtocol
import Inspection
import Interpreter
import SUIT
import Verifier

extension Complaint {
  init(_ failure: DeviceFailure) {
    let place = [
      failure.slot.map { "slot \($0)" }, failure.device.isEmpty ? nil : "the device at \(failure.device)",
    ].compactMap(\.self).joined(separator: " of ")
    switch failure.error {
    case .refused(let refusal):
      self = Complaint(refusal, at: place, source: failure.source?.description)
      if failure.lacksSource { next.append("--source FILE, the program's source, tells the line") }
    case .unreachable(let error):
      let what: String
      var status = ExitStatus.unreachable
      let next: String
      switch error {
      case .uri:
        status = .input
        what = "the device's address is none: \(error)"
        next =
          "an address is coap:// with an IP address and, if it is not 5683, a port: coap://192.0.2.7:5700"
      case .timedOut:
        what = "the device does not answer"
        next = "see that it runs and can be reached; --device or the setting 'device' say which one"
      case .cancelled, .closed:
        what = "the request was ended"
        next = "ask again"
      case .requestTooLong, .bodyTooLong, .longAnswer:
        what = "\(error)"
        next = "send less at once"
      case .busy, .reset, .unknownOption, .transfer:
        what = "the exchange with the device failed: \(error)"
        next = "ask again; `microbpf info` shows whether the device is well"
      }
      self = Complaint(status, what, next: next).at(place)
    case .notUnderstood:
      self = Complaint(
        .refused, "\(failure.error)",
        next: "see that device and command line are of the same version: "
          + "`microbpf info`, `microbpf --version`"
      ).at(place)
    }
  }

  /// - Parameters:
  ///   - refusal: of a device, or of what does the same in this process.
  ///   - place: slot and device.
  ///   - source: the line of the source.
  init(_ refusal: Refusal, at place: String? = nil, source: String? = nil) {
    let title = refusal.title.prefix(1).lowercased() + refusal.title.dropFirst()
    let what = refusal.detail.isEmpty ? title : "\(title): \(refusal.detail)"
    // Of a device that is none of ours nothing else is known.
    let facts = refusal.stage == nil ? ["CoAP code \(refusal.code.text)"] : refusal.facts
    self = Complaint(.refused, what, next: refusal.advice).at(place).with("source", source)
      .with("found", facts.joined(separator: ", "))
  }
}

extension Refusal {
  /// What to do next, in the words of the command line.
  var advice: String {
    let number = rule.flatMap { UInt8(exactly: $0) } ?? 0
    switch stage {
    case .request: return RequestRule(rawValue: number)?.advice ?? Self.otherVersion
    case .transfer: return TransferRule(rawValue: number)?.advice ?? Self.otherVersion
    case .manifest: return SUITError.Reason(rawValue: number)?.advice ?? Self.otherVersion
    case .image:
      return number == ImageProblemRule.arenaTooSmall
        ? "let it use less memory: data, stack and input together; `microbpf info` shows what there is"
        : "see that the file is an image: `microbpf inspect FILE`; `microbpf link` makes one"
    case .verifier: return VerifierError.Rule(rawValue: number)?.advice ?? Self.otherVersion
    case .execution: return Trap.Rule(rawValue: number)?.advice ?? Self.adviceOnRun(rule: number)
    case .compilation: return CompilationRule(rawValue: number)?.advice ?? Self.otherVersion
    case .storage: return "try again; if it fails again the device's flash is worn out or damaged"
    case nil: return "see that this is the right device: `microbpf info`"
    }
  }

  private static let otherVersion =
    "see that device and command line are of the same version: `microbpf info`, `microbpf --version`"

  private static func adviceOnRun(rule: UInt8) -> String {
    switch rule {
    case ExecutionRule.killed: "start it again if it was not you: `microbpf start`"
    case ExecutionRule.noResponse, ExecutionRule.responseTooLong, ExecutionRule.wrongResponse,
      ExecutionRule.wrongOption:
      "build the response with the bpf_coap helpers, and return its length"
    default: "check the pointer or index that it uses there; `microbpf verify PROGRAM` shows what is proven"
    }
  }
}

extension RequestRule {
  fileprivate var advice: String {
    switch self {
    case .unknownPath, .method, .format, .query, .missingBlock, .blockLength, .condition:
      "see that device and command line are of the same version: `microbpf info`, `microbpf --version`"
    case .unknownSlot: "`microbpf slots` lists the slots that there are"
    case .emptySlot: "install a program there: `microbpf deploy PROGRAM --slot N`"
    case .busy, .noFreeExchange: "wait a moment and ask again"
    case .urlTooLong: "give the manifest a shorter URL"
    case .responseTooLong, .bodyTooLong, .requestTooLong: "send less at once"
    case .slotBusy: "wait for its end, or end it: `microbpf kill --slot N`"
    case .notRunning: "`microbpf ps` shows what runs; `microbpf start --slot N` starts the program"
    case .noPeriod: "say how often with --every"
    case .helperNotAllowed: "let it call the helper with --helpers, or leave that option out"
    case .arenaSize: "give --arena a multiple of 1024, or leave that option out"
    case .logRate: "give a lower --log-rate, or leave that option out"
    case .noEvent: "name one event: --on button, --on 'temperature>250'"
    case .noDevice, .noPin: "`microbpf shell sensors` lists the devices that there are"
    case .unknownKey: "`microbpf store list` shows the keys that have values"
    case .storeFull: "forget a key: `microbpf store delete KEY`"
    case .notGranted: "have it done at the device, or change the device's policy"
    case .number, .bodyFormat: "give a number that the resource takes, as text or CBOR"
    case .notSettable: "set an actuator, or a sensor whose values are simulated: `microbpf shell sensors`"
    case .cannotRestart: "restart the device by hand"
    }
  }
}

extension TransferRule {
  fileprivate var advice: String {
    switch self {
    case .manifestURL, .imageURL:
      "an URL is coap:// with an IP address, the port if it is not 5683, and a path"
    case .noAnswer, .reset:
      "see that the device reaches the file server: --serve-address gives this machine's address; "
        + "`microbpf push` needs no file server"
    case .refused: "see that the file server has manifest and image under these names"
    case .wrongBlock, .blockSize, .changed, .unknownOption: "deploy again"
    case .tooLong: "make the program smaller; `microbpf info` shows how large an image may be"
    }
  }
}

extension SUITError.Reason {
  fileprivate var advice: String {
    switch self {
    case .signature:
      "sign with a key that the device trusts (--key); a board started here trusts those of --trust"
    case .vendor: "name the vendor that the device is of: --vendor; `microbpf info` shows its id"
    case .classID: "name the class that the device is of: --class; `microbpf info` shows its id and board"
    case .sequence: "leave --sequence out, or give a higher number; `microbpf slots` shows the last one"
    case .tooLarge, .uriTooLong: "give manifest and image shorter URLs"
    case .storage, .size: "make the program smaller; `microbpf info` shows how large an image may be"
    case .fetch, .payloadDigest, .incomplete:
      "deploy again; the image has to be the one that was signed"
    case .offset: "name a slot that the device has; `microbpf slots` lists them"
    case .scheme: "serve the image under a coap:// URL"
    case .malformed, .unsupported, .manifestDigest, .version, .policy:
      "make the manifest anew: `microbpf deploy`, or `microbpf sign`; --manifest chooses its form"
    }
  }
}

extension Trap.Rule {
  fileprivate var advice: String {
    switch self {
    case .readOutside, .writeOutside:
      "check the pointer or index there; a program has its stack, data, constants and input"
    case .budgetSpent: "see that its loop ends, or let it run longer: --instructions, --milliseconds"
    case .callTooDeep: "let functions call each other less deeply; each call takes a stack frame"
    case .unknownHelper: "call helpers by the names in <bpf/helpers.h>"
    case .helperNotGranted: "grant the helper, or do without it"
    case .helperFault: "check the pointer and length that the helper is given: docs/helpers.md"
    case .invalidOperation: "deploy the program again; if that does not help the device's memory is damaged"
    case .checkFailed: "check the index, the arithmetic or the optional there: the program ended itself"
    }
  }
}

extension CompilationRule {
  fileprivate var advice: String {
    switch self {
    case .noNativeProcessor: "leave --jit out: the interpreter runs the program"
    case .isolation: "leave --isolation out: code that checks by itself runs everywhere"
    case .tooLittleRoom: "make the program smaller, or leave --jit out"
    case .notCompiled: "`microbpf jit compile N` compiles it"
    case .noRoomBesideCode: "`microbpf jit drop N` makes room"
    }
  }
}
