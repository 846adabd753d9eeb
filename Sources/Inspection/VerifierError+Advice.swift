public import Verifier

extension VerifierError.Rule {
  /// What whoever wrote the program, or made the image, can do about it.
  public var advice: String {
    switch self {
    case .emptyProgram:
      "give it a function; a function that nothing calls is dropped when it is not the entry"
    case .tooLong: "split it into several programs, or compile it for size"
    case .partialInstruction: "check that the file is a program and that it is complete"
    case .unknownOpcode, .unknownVariant, .destinationOutOfRange, .sourceOutOfRange, .reservedFieldsNotZero:
      "check that the file is eBPF, of one of the processors v1 to v4, and was not damaged on its way"
    case .entryOutside, .entryIntoWideLoad: "start it at an instruction"
    case .writesFramePointer: "copy r10 into another register and change that"
    case .jumpOutside, .jumpIntoWideLoad: "jump to an instruction of the program"
    case .callOutside, .callIntoWideLoad: "link the object files that define what is called"
    case .incompleteWideLoad, .strayUpperHalf:
      "let a wide load take two slots, the second one without an opcode"
    case .fallsOffTheEnd: "let it end with exit, or with a jump"
    case .unknownHelper: "call helpers by the names in <bpf/helpers.h>"
    case .helperNotGranted: "grant the helper (--helpers), or do without it"
    case .packetAccess: "load from the context with ldx"
    case .unsupportedWideLoad: "use the key-value helpers: there are no maps"
    case .callByBTF: "call helpers by the names in <bpf/helpers.h>: there are no functions of a kernel"
    case .uninitialisedRegister:
      "write to the register on some way here; a call leaves nothing in r1 to r5, and main functions return a number"
    case .uninitialisedStack: "give the local variable a value before it is used"
    case .outsideStackFrame: "check the index; a function's local variables have 512 bytes together"
    case .outsideData, .outsideReadOnlyData:
      "check the index into the array, and what is added to its address"
    case .writesReadOnlyData: "copy the constant to a variable, or declare it without const"
    case .numberAsAddress: "check the pointer: it is null, or a number was taken for one"
    case .neverEnds:
      "give the loop an end, return, or sleep in it; what runs until its budget is spent returns nothing"
    }
  }
}
