import CoAPTransport
public import Delivery
public import DeviceClient
import DeviceProtocol
import Emulator
import Interpreter
public import JIT
import Toolchain
import Verifier

/// An engine of a device: every program is signed, pulled by the device, and run there.
public struct DeviceEngine: ConformanceEngine {
  private let device: DeviceClient
  private let description: DeviceDescription
  private let slot: Int
  private let engine: Engine
  private let isolation: Isolation
  private let signing: Signing

  /// The longest memory that is sent along: what fits any network's datagrams (RFC 7252 §4.6).
  public static let memoryLimit = 1024

  /// - Parameters:
  ///   - device: where to run.
  ///   - slot: which slot to use; what it holds is replaced.
  ///   - signing: a key that the device trusts.
  ///   - engine: what runs the programs there.
  ///   - isolation: who keeps compiled programs within their memory.
  /// - Throws: ``DeviceError`` when the device does not say who it is.
  public init(
    device: DeviceClient, slot: Int = 0, signing: Signing, engine: Engine = .interpreter,
    isolation: Isolation = .checked
  ) async throws {
    self.device = device
    self.slot = slot
    self.signing = signing
    self.engine = engine
    self.isolation = isolation
    description = try await device.description()
  }

  public var name: String {
    "\(engine == .jit ? "JIT (\(isolation))" : "interpreter") on \(description.board)"
  }

  public func run(_ image: [UInt8], memory: [UInt8]) async throws -> EngineOutcome {
    guard image.count <= description.imageBytes else {
      return .doesNotFit("the program has \(image.count) bytes, a slot \(description.imageBytes)")
    }
    guard memory.count <= Self.memoryLimit else {
      return .doesNotFit("the memory has \(memory.count) bytes, a datagram \(Self.memoryLimit)")
    }
    do {
      _ = try await deliver(image: image, to: slot, of: device, signing: signing)
      if engine == .jit { _ = try await device.compile(slot, isolation: isolation) }
      return .returned(
        UInt64(bitPattern: try await device.run(slot, context: memory, engine: engine).result))
    } catch DeviceError.refused(let refusal) {
      guard let outcome = EngineOutcome(refusal) else { throw DeviceError.refused(refusal) }
      return outcome
    }
  }
}

extension EngineOutcome {
  /// What a refusal says of the program; `nil` when the device refused for another reason.
  init?(_ refusal: Refusal) {
    switch refusal.stage {
    case .verifier where refusal.rule == Int(VerifierError.Rule.unknownHelper.rawValue):
      self.init(unknownHelper: refusal.found.map(UInt64.init(bitPattern:)), refusal)
    case .execution where refusal.rule == Int(Trap.Rule.unknownHelper.rawValue):
      self.init(unknownHelper: refusal.address, refusal)
    case .compilation where refusal.rule == Int(CompilationRule.tooLittleRoom.rawValue):
      self = .doesNotFit(refusal.description)
    case .image, .verifier, .execution: self = .failed(refusal.description)
    case .request, .transfer, .manifest, .compilation, .storage, nil: return nil
    }
  }

  private init(unknownHelper number: UInt64?, _ refusal: Refusal) {
    if let number, let index = refusal.index.flatMap(Int.init(exactly:)) {
      self = .calledUnknownHelper(number: number, index: index)
    } else {
      self = .failed(refusal.description)
    }
  }
}

/// Starts an emulated board that trusts a key made for it, and stops it after `body`.
///
/// - Parameters:
///   - firmware: the firmware, an ELF file.
///   - engine: what runs the programs there.
///   - isolation: who keeps compiled programs within their memory.
///   - body: what to do with the board's engine.
/// - Returns: what `body` returns.
/// - Throws: ``EmulatorError``, or what `body` throws.
public func withBoardEngine<Result: Sendable>(
  firmware: String, engine: Engine = .interpreter, isolation: Isolation = .checked,
  _ body: @escaping @Sendable (DeviceEngine) async throws -> Result
) async throws -> Result {
  let signing = Signing(key: SigningKey())
  let provisioning = try makeProvisioning(
    trusting: [signing.key.publicKey], vendor: signing.vendor, deviceClass: "mps2-an386", serial: 1)
  let configuration = BoardConfiguration(firmware: firmware, provisioning: provisioning.block)
  return try await withEmulatedBoard(configuration) { board in
    try await withClient { client in
      let device = DeviceClient(url: board.url, client: client)
      return try await body(
        try await DeviceEngine(device: device, signing: signing, engine: engine, isolation: isolation))
    }
  }
}
