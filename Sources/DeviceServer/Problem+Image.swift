import CoAP
import Compartment
public import DeviceProtocol
import ELF
import ProgramImage
public import Runtime
import Verifier

extension Problem {
  public init(_ error: LoadError) {
    switch error {
    case .image(let error): self.init(error)
    case .refused(let error): self.init(error)
    case .arena(let error): self.init(error)
    }
  }

  init(_ error: ImageError) {
    switch error {
    case .instruction(let error, let slot):
      self.init(VerifierError(error, at: slot))
    case .elf(let error):
      self.init(
        .unprocessableEntity, .image, rule: ImageProblemRule.elf + error.rule.rawValue,
        title: "Image damaged",
        detail: "the image is not a sound ELF object for eBPF", index: Int64(error.index),
        expected: Int64(truncatingIfNeeded: error.expected), found: Int64(truncatingIfNeeded: error.found))
    case .refused(let rule, let index, let found, let expected):
      self.init(
        .unprocessableEntity, .image, rule: rule.rawValue, title: "Image refused",
        detail: Self.sentence(for: rule),
        index: Int64(index), expected: expected, found: found)
    }
  }

  private static func sentence(for rule: ImageRule) -> StaticString {
    switch rule {
    case .noText: "there are no instructions in it"
    case .partialInstruction: "the size of a text section is no multiple of 8"
    case .tooManySections, .tooManySegments: "it has more sections than are looked at; link it first"
    case .overlappingSections: "two sections share bytes of the file"
    case .regionTooLarge: "its sections are larger than any compartment"
    case .alignmentTooLarge: "a section wants a larger alignment than a compartment gives"
    case .unsupportedSection: "a section would have to run before the program"
    case .relocatedTwice, .relocatedZeros, .tooManyRelocations, .relocationOutside, .unsupportedRelocation,
      .relocationMismatch:
      "a relocation does not fit its section"
    case .undefinedSymbol: "a symbol is used but nowhere defined"
    case .symbolOutsideProgram: "a symbol is used that belongs to no part of the program"
    case .functionAddress: "it takes the address of a function; programs have none"
    case .callOfData: "it calls what is no function"
    case .callTarget: "it calls a place that is no instruction"
    case .functionOutside: "a function starts at a place that is no instruction"
    case .textBufferTooSmall: "it has more instructions than there is room for"
    case .dataBufferTooSmall, .misalignedData: "its data does not fit the compartment"
    case .headerVersion: "its header is of a version that is not known"
    case .headerFlags: "its header has flags that are not known, or its text is compressed"
    case .headerLength: "it is shorter than its header says"
    }
  }

  init(_ error: ArenaError) {
    switch error {
    case .doesNotFit(let needed, let available):
      self.init(
        .unprocessableEntity, .image, rule: ImageProblemRule.arenaTooSmall,
        title: "Program too large for its arena",
        detail: "stack, data and context together need more memory than a compartment has",
        expected: Int64(available), found: Int64(needed))
    case .frameCount(let found), .negativeSize(let found):
      self.init(
        .unprocessableEntity, .image, rule: ImageProblemRule.impossibleSizes,
        title: "Program has impossible sizes",
        detail: "the number of stack frames or the size of a section is out of range", found: Int64(found))
    }
  }
}
