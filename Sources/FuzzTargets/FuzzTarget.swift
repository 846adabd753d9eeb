/// A way into the product for bytes from a stranger. Whatever they are, `run` returns: a trap or an access
/// outside a buffer is a finding.
///
/// The fuzzers and the test that replays what they found enter here, so both see the same thing.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// A program image: opened, decoded, its data initialised.
  case image
  /// A program: loaded, verified, run for a while with the device's helpers.
  case program
  /// A program: loaded, verified, compiled in all ways, into much and little room.
  case jit
  /// Assembly text in both syntaxes; what assembles is disassembled, assembled again and run.
  case assembler
  /// One CBOR item: checked, passed over, walked through, written again.
  case cbor
  /// A COSE_Sign1.
  case cose
  /// A SUIT envelope with its payload, through the manifest processor, in one piece and pushed.
  case manifest
  /// One CoAP message, URI and provisioning block.
  case message
  /// A conversation with a CoAP endpoint that asks and answers.
  case endpoint
  /// A conversation with a whole device.
  case server
  /// What is typed at a device's console.
  case console

  public func run(_ bytes: Span<UInt8>) {
    switch self {
    case .image: fuzzImage(bytes)
    case .program: fuzzProgram(bytes)
    case .jit: fuzzCompiler(bytes)
    case .assembler: fuzzAssembler(bytes)
    case .cbor: fuzzCBOR(bytes)
    case .cose: fuzzSignature(bytes)
    case .manifest: fuzzManifest(bytes)
    case .message: fuzzMessage(bytes)
    case .endpoint: fuzzEndpoint(bytes)
    case .server: fuzzServer(bytes)
    case .console: fuzzConsole(bytes)
    }
  }
}
