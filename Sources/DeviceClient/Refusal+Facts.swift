import CoAP
import DeviceProtocol
import Interpreter
import ProgramImage
import SUIT
import Verifier

/// The numbers of a refusal in words. What they count, the rule says.
extension Refusal {
  public var facts: [String] {
    guard let stage, let rule = rule.flatMap({ UInt8(exactly: $0) }) else { return [] }
    return switch stage {
    case .request: RequestRule(rawValue: rule).map(facts(of:)) ?? []
    case .transfer: TransferRule(rawValue: rule).map(facts(of:)) ?? []
    case .manifest: SUITError.Reason(rawValue: rule).map(facts(of:)) ?? []
    case .image: facts(ofImageRule: rule)
    case .verifier: VerifierError.Rule(rawValue: rule).map(facts(of:)) ?? []
    case .execution: Trap.Rule(rawValue: rule).map(facts(of:)) ?? factsOfFault
    case .compilation: CompilationRule(rawValue: rule).map(facts(of:)) ?? []
    case .storage: []
    }
  }

  /// Of a run that the processor stopped.
  private var factsOfFault: [String] {
    [
      index.map { "instruction \($0)" }, address.map { "address \(hexadecimal($0))" },
      found.map { "program counter \(hexadecimal($0))" },
    ].compactMap(\.self)
  }

  private func hexadecimal(_ number: some BinaryInteger) -> String { "0x" + String(number, radix: 16) }

  /// "5000 bytes, at most 4096"
  private func atMost(_ unit: String) -> [String] {
    guard let found, let expected else { return [] }
    return ["\(found) \(unit)", "at most \(expected)"]
  }

  private func facts(of rule: RequestRule) -> [String] {
    switch rule {
    case .unknownPath, .method, .busy, .noFreeExchange, .noPeriod, .noEvent, .condition, .notGranted,
      .cannotRestart:
      []
    case .unknownKey: found.map { ["key \($0)"] } ?? []
    case .storeFull: expected.map { ["at most \($0) keys"] } ?? []
    case .number: found.map { ["\($0)"] } ?? []
    case .notSettable: found.map { ["device \($0)"] } ?? []
    case .noPin: found.map { ["pin \($0)"] } ?? []
    case .bodyFormat: found.map { ["content format \($0)"] } ?? []
    case .format: found.map { ["content format \($0)"] } ?? []
    case .unknownSlot:
      [found.map { "slot \($0)" }, expected.map { "the last is \($0 - 1)" }].compactMap(\.self)
    case .noDevice:
      [found.map { "device \($0)" }, expected.map { "the last is \($0 - 1)" }].compactMap(\.self)
    case .emptySlot, .slotBusy, .notRunning: found.map { ["slot \($0)"] } ?? []
    case .urlTooLong: atMost("characters")
    case .requestTooLong, .arenaSize, .logRate: atMost("bytes")
    case .helperNotAllowed:
      [index.map { "instruction \($0)" }, found.map { "helper \(hexadecimal($0))" }].compactMap(\.self)
    case .missingBlock: instead("byte")
    case .blockLength: instead("bytes")
    case .responseTooLong, .bodyTooLong: expected.map { ["at most \($0) bytes"] } ?? []
    case .query: index.map { ["query option \($0 + 1)"] } ?? []
    }
  }

  private func facts(of rule: CompilationRule) -> [String] {
    switch rule {
    case .noNativeProcessor, .isolation: []
    case .tooLittleRoom: atMost("bytes")
    case .notCompiled, .noRoomBesideCode: found.map { ["slot \($0)"] } ?? []
    }
  }

  private func facts(of rule: TransferRule) -> [String] {
    switch rule {
    case .noAnswer, .reset, .changed, .tooLong, .unknownOption: []
    case .manifestURL, .imageURL: index.map { ["character \($0 + 1) of the URL"] } ?? []
    case .refused: found.flatMap { UInt8(exactly: $0) }.map { [Code(rawValue: $0).text] } ?? []
    case .wrongBlock: instead("block")
    case .blockSize: instead("bytes")
    }
  }

  private func instead(_ unit: String) -> [String] {
    guard let found, let expected else { return [] }
    return ["\(unit) \(found) instead of \(expected)"]
  }

  private func facts(of reason: SUITError.Reason) -> [String] {
    let place = index.map { ["byte \($0) of the envelope"] } ?? []
    return switch reason {
    case .signature, .manifestDigest, .fetch, .incomplete: []
    case .tooLarge, .storage: atMost("bytes")
    case .uriTooLong: atMost("characters")
    case .sequence: [found.map { "\($0)" }, expected.map { "the slot has seen \($0)" }].compactMap(\.self)
    case .size:
      [found.map { "\($0) bytes so far" }, expected.map { "the manifest says \($0)" }].compactMap(\.self)
    case .version: found.map { ["version \($0)"] } ?? []
    case .malformed, .unsupported, .vendor, .classID, .offset, .policy, .scheme, .payloadDigest: place
    }
  }

  private func facts(ofImageRule rule: UInt8) -> [String] {
    if rule == ImageProblemRule.arenaTooSmall { return atMost("bytes") }
    if rule == ImageProblemRule.impossibleSizes { return found.map { ["\($0)"] } ?? [] }
    guard let rule = ImageRule(rawValue: rule) else { return index.map { ["section \($0)"] } ?? [] }
    let place: String? =
      switch rule {
      case .noText, .tooManySections, .textBufferTooSmall, .dataBufferTooSmall, .misalignedData,
        .headerVersion, .headerFlags, .headerLength:
        nil
      case .partialInstruction, .tooManySegments, .overlappingSections, .regionTooLarge, .alignmentTooLarge,
        .unsupportedSection, .relocatedTwice, .relocatedZeros, .tooManyRelocations:
        // 0 is no section: the image has none.
        index.flatMap { $0 == 0 ? nil : "section \($0)" }
      case .relocationOutside, .unsupportedRelocation, .relocationMismatch, .functionAddress, .callOfData,
        .callTarget:
        index.map { "relocation \($0)" }
      case .undefinedSymbol, .symbolOutsideProgram, .functionOutside: index.map { "symbol \($0)" }
      }
    let size: [String] =
      switch rule {
      case .partialInstruction: found.map { ["\($0) bytes"] } ?? []
      case .tooManySections: atMost("sections")
      case .regionTooLarge, .alignmentTooLarge: atMost("bytes")
      case .headerVersion: found.map { ["version \($0)"] } ?? []
      case .headerFlags: found.map { ["flags \(hexadecimal($0))"] } ?? []
      case .headerLength:
        found.flatMap { found in expected.map { ["\(found) bytes instead of at least \($0)"] } } ?? []
      default: []
      }
    return [place].compactMap(\.self) + size
  }

  private func facts(of rule: VerifierError.Rule) -> [String] {
    let place = index.map { "instruction \($0)" }
    let detail: String? =
      switch rule {
      case .emptyProgram, .entryIntoWideLoad, .writesFramePointer, .incompleteWideLoad, .strayUpperHalf,
        .fallsOffTheEnd:
        nil
      case .tooLong, .partialInstruction, .entryOutside, .callByBTF, .unsupportedWideLoad:
        found.map { "\($0)" }
      case .unknownOpcode, .packetAccess: found.map { "opcode \(hexadecimal($0))" }
      case .unknownVariant: expected.map { "opcode \(hexadecimal($0))" }
      case .reservedFieldsNotZero: expected.map { "opcode \(hexadecimal($0))" }
      case .destinationOutOfRange, .sourceOutOfRange: found.map { "r\($0)" }
      case .jumpOutside, .jumpIntoWideLoad, .callOutside, .callIntoWideLoad: found.map { "to \($0)" }
      case .unknownHelper, .helperNotGranted: found.map { "helper \($0)" }
      case .uninitialisedRegister, .uninitialisedStack: found.map { "r\($0)" }
      case .outsideStackFrame:
        found.map { found in
          "offset \(found)" + (expected.map { ", \($0) bytes from there within -512 to -1" } ?? "")
        }
      case .outsideData, .outsideReadOnlyData:
        found.map { found in "offset \(found)" + (expected.map { " of \($0) bytes" } ?? "") }
      case .writesReadOnlyData: found.map { "offset \($0)" }
      case .numberAsAddress: found.map { "address \(hexadecimal($0))" }
      case .neverEnds: nil
      }
    return [place, detail].compactMap(\.self)
  }

  private func facts(of rule: Trap.Rule) -> [String] {
    let place = index.map { "instruction \($0)" }
    let address = address.map { "address 0x\(String($0, radix: 16))" }
    let details: [String?] =
      switch rule {
      case .readOutside, .writeOutside: [address]
      case .budgetSpent, .callTooDeep, .invalidOperation: []
      case .unknownHelper, .helperNotGranted: [self.address.map { "helper \($0)" }]
      case .checkFailed: [self.address.map { "code \($0)" }]
      case .helperFault: [found.map { "argument \($0)" }, address]
      }
    return ([place] + details).compactMap(\.self)
  }

  private func hexadecimal(_ number: Int64) -> String {
    "0x\(String(number, radix: 16))"
  }
}
