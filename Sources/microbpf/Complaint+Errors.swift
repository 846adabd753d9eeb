import BPFText
import CoAPTransport
import Delivery
import DeviceClient
import DeviceProtocol
import DeviceServer
import Emulator
import Foundation
import Inspection
import ProgramImage
import Runtime
import Toolchain

extension Complaint {
  /// - Parameters:
  ///   - error: what failed.
  ///   - subject: what the command was about, told when the error does not say it.
  init(_ error: any Error, on subject: String? = nil) {
    switch error {
    case let error as Complaint: self = error
    case let error as any Complaining: self = error.complaint
    case let error as DeviceFailure: self.init(error)
    case let error as DeviceError: self.init(DeviceFailure(error: error, device: "", slot: nil))
    case let error as ImageError: self = Complaint(Refusal(Problem(LoadError.image(error)))).at(subject)
    case let error as CompileError: self.init(error)
    case let error as LinkError: self.init(error, subject)
    case let error as AssemblerError:
      self = Complaint(
        .input, "\(subject ?? "the program") does not assemble: \(error.reason)",
        next: "mend the line; --syntax says how instructions are written"
      ).at("\(subject.map { "\($0):" } ?? "")\(error.line):\(error.column)")
    case let error as Inspection.CompilationError:
      self = Complaint(
        .refused, "\(error)", next: "let the interpreter run it, or make it smaller"
      ).at(subject)
    case let error as KeyFileError: self.init(error)
    case let error as EmulatorError: self.init(error)
    case let error as SocketError: self.init(error)
    case .socket(let error) as CoAPFileServerError: self.init(error)
    case .noSuchDirectory(let path) as CoAPFileServerError:
      self = Complaint(.unavailable, "there is no such folder", next: "name the folder to serve").at(path)
    case let error as UnexpectedResult:
      self = Complaint(
        .refused, "\(error.name) did \(error.found) instead of \(error.expected)",
        next: "`microbpf run` and `microbpf verify` show what the program does"
      ).at(error.name)
    case let error as NoSuchDevice:
      self = Complaint(
        .input, error.description, next: "name one of these: `microbpf shell sensors` shows them with numbers"
      ).at(subject ?? "--on")
    case let error as SequenceNumbersUsedUp:
      self = Complaint(.refused, "\(error)", next: "deploy to another slot")
    case let error as CocoaError: self.init(error, subject)
    default:
      self = Complaint(
        .input, "\(error)", next: "`microbpf help` lists the commands, --help explains each"
      ).at(subject)
    }
  }

  private init(_ error: CompileError) {
    switch error {
    case .unknownLanguage(let file):
      self = Complaint(
        .input, "nobody knows what language \(file) is in", next: "let its name end in .c or .swift"
      ).at(file)
    case .unreadable(let path): self = .missing(path)
    case .toolMissing(let tool):
      self = Complaint(
        .unavailable, "'\(tool)' of the Swift toolchain is not there",
        next: "install Swift 6.3 from https://www.swift.org/install and put its folder usr/bin onto the PATH"
      ).at("PATH=\(ProcessInfo.processInfo.environment["PATH"] ?? "")")
    case .system(let message):
      self = Complaint(.unavailable, message, next: "see that the temporary folder exists and has room")
    case .refused(_, let diagnostics):
      let place = diagnostics.firstMatch(of: #/(?m)^(\S[^\n]*?:\d+:\d+): (?:fatal )?error: /#)
      self = Complaint(
        .input, "the program does not compile",
        next: "mend the line; docs/helpers.md says what a program may call"
      ).at(place.map { String($0.1) }).quoting(error.description)
    case .needsRuntime:
      self = Complaint(
        .input, error.description, next: "docs/programs-in-swift.md says what works in programs")
    }
  }

  private init(_ error: LinkError, _ subject: String?) {
    if case .refused(let reason) = error {
      self = Complaint(Refusal(Problem(LoadError.image(reason)))).at(subject)
      return
    }
    let next =
      switch error {
      case .object: "give an object file, as `microbpf compile` makes it of a .c or .swift file"
      case .noEntry: "define `program`: the function that a device calls"
      case .undefinedSymbol: "define it, or name the object file that does as well"
      case .definedTwice: "rename one of them, or declare it static"
      case .functionAddress, .unusableSymbol, .unsupportedSection, .unsupportedRelocation:
        "write it without that; docs/images.md says what an image can hold"
      case .alignmentTooLarge: "ask for less"
      case .moreThanText, .alignmentUnknown, .functionTooFar: "--layout elf holds it"
      case .helperNotGranted: "grant it with --helpers, or do without it"
      case .refused: ""
      }
    self = Complaint(.input, error.description, next: next).at(subject)
  }

  private init(_ error: KeyFileError) {
    let next =
      switch error.reason {
      case .unreadable: "name the key's file with --key or --trust; `microbpf keygen` makes one"
      case .unwritable: "choose another file with --output"
      case .exists: "go on using it, or name another file with --output"
      case .wrongLabel: "the private key signs (--key), the one with .pub goes onto devices (--trust)"
      case .encrypted: "decrypt a copy with `openssl pkey`"
      case .notPEM, .notEd25519: "`microbpf keygen` makes keys of the right kind"
      }
    let what = error.description.replacing("\(error.path): ", with: "the key ", maxReplacements: 1)
    self = Complaint(.input, what, next: next).at(error.path)
  }

  private init(_ error: EmulatorError) {
    switch error {
    case .noFirmware(let path):
      self = Complaint(
        .unavailable, "there is no firmware",
        next: "`make firmware` builds it in the project's folder; --firmware names another one"
      ).at(path)
    case .noEmulator(let reason):
      self = Complaint(
        .unavailable, "qemu-system-arm could not be started", next: "`make setup` installs it"
      ).with("found", reason)
    case .ended(let console), .silent(_, let console):
      self = Complaint(
        .unavailable, "\(error)".split(separator: ";").first.map { String($0) } ?? "\(error)",
        next: "`make firmware` builds the firmware anew; a file given with --flash may be from another one"
      ).with("found", console.isEmpty ? "its console is empty" : console.joined(separator: "\n"))
    }
  }

  private init(_ error: SocketError) {
    self = Complaint(
      .unavailable, "UDP port \(error.port) cannot be opened",
      next: "another device or board may have it: --port names another one"
    ).at("port \(error.port) of \(error.host)").with("found", error.reason)
  }

  private init(_ error: CocoaError, _ subject: String?) {
    let path = error.filePath ?? error.url?.path ?? subject ?? "a file"
    switch error.code {
    case .fileReadNoSuchFile, .fileNoSuchFile: self = .missing(path)
    case .fileReadNoPermission, .fileWriteNoPermission:
      self = Complaint(.input, "the file may not be used", next: "change its permissions, or choose another")
        .at(
          path)
    default:
      self = Complaint(.input, error.localizedDescription, next: "look at the file's name and place").at(path)
    }
  }

  private static func missing(_ path: String) -> Complaint {
    Complaint(.input, "there is no such file", next: "look at its name, and at the folder you are in").at(
      path)
  }
}

extension Complaint {
  /// What the verifier found in a program, told of the whole file.
  init(_ reason: Verification.Reason, of path: String) {
    // The first fact is the instruction.
    self = Complaint(
      .refused, "program refused by the verifier: \(reason.explanation)", next: reason.advice,
      "`microbpf verify \(path)` shows what leads there"
    ).at("\(path), instruction \(reason.index)").with("source", reason.source?.description)
      .with("found", reason.facts.dropFirst().joined(separator: ", "))
  }
}
