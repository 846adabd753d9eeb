public import ELF
import Helpers
public import ProgramImage

/// Why an object file cannot become an image.
public enum LinkError: Error, Equatable, Sendable {
  /// The object file is broken.
  case object(ELFError)
  /// There is no function to start with: none with this name, or none at all.
  case noEntry(String?)
  /// Something uses a symbol that is defined nowhere.
  case undefinedSymbol(String, user: String)
  /// Two object files define the same symbol.
  case definedTwice(String)
  /// A function's address is taken.
  case functionAddress(String, user: String)
  /// A symbol is no function, and called; or in a section that no program has.
  case unusableSymbol(String, user: String)
  /// A relocation of this type, or this place, is not known.
  case unsupportedRelocation(UInt32, section: String, offset: UInt64)
  /// A section of this kind would have to be executed before the program.
  case unsupportedSection(String)
  /// A section asks for a larger alignment (bytes) than a compartment can give.
  case alignmentTooLarge(String, UInt64)
  /// The program needs more than a text, which is all that the layout holds.
  case moreThanText([String])
  /// The data asks for an alignment (bytes) above 8, which is all that the layout gives.
  case alignmentUnknown(ImageLayout, Int)
  /// A function's name, or the function itself, is farther from the start than the layout can say: 65535 bytes.
  case functionTooFar(String, ImageLayout)
  /// A function calls a helper that the program is not granted, or that does not exist.
  case helperNotGranted(HelperCall, function: String?)
  /// The linked image is refused. Says what is wrong with the program that the object file holds.
  case refused(ImageError)
}

extension LinkError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .object(let error) where error.rule == .notELF: "the file is no object file"
    case .object(let error):
      "the object file is broken: \(error.rule) in section \(error.index) (\(error.found), not \(error.expected))"
    case .noEntry(let name?): "there is no function '\(name)' to start with"
    case .noEntry(nil): "there is no function to start with"
    case .undefinedSymbol(let name, let user):
      "\(user) needs '\(name)', which is not there: \(RuntimeSymbol.explanation(of: name))"
    case .definedTwice(let name): "'\(name)' is defined twice"
    case .functionAddress(let name, let user):
      "\(user) takes the address of \(name): programs can call functions only by name"
    case .unusableSymbol(let name, let user): "\(user) uses '\(name)', which is not a part of the program"
    case .unsupportedRelocation(let type, let section, let offset):
      "section \(section) asks at offset \(offset) for a relocation of type \(type), which is not known"
    case .unsupportedSection(let name):
      "section \(name) holds code that would have to run before the program; initialise with constants instead"
    case .alignmentTooLarge(let name, let alignment):
      "section \(name) asks for an alignment of \(alignment) bytes; the most there is are \(ProgramImage.maximumDataAlignment)"
    case .moreThanText(let sections):
      "the layout 'text' holds instructions only, but the program needs \(sections.joined(separator: ", "));"
        + " use the layout 'elf'"
    case .alignmentUnknown(let layout, let alignment):
      "the data asks for an alignment of \(alignment) bytes, but the layout '\(layout)' gives 8; use the layout 'elf'"
    case .functionTooFar(let name, let layout):
      "'\(name)' is more than 65535 bytes from the start, which the layout '\(layout)' cannot say; use the layout 'elf'"
    case .helperNotGranted(let call, let function):
      "\(function.map { "'\($0)'" } ?? "the program") calls at instruction \(call.index) "
        + (UInt8(exactly: call.number).flatMap(Helper.init(rawValue:)).map {
          "'\($0.signature.name)' (helper \(call.number)), which is not granted"
        } ?? "helper \(call.number), which does not exist")
    case .refused(let error): "the program cannot be loaded: \(error)"
    }
  }
}
