import CoAP
public import DeviceClient
import DeviceProtocol
import Foundation
import Interpreter
public import ProgramImage
import Toolchain

/// What runs an example: the two engines, and compiled code that the hardware keeps in its compartment.
public enum ExampleEngine: String, CaseIterable, Codable, Sendable {
  case interpreter
  case jit
  case hardware = "jit-hardware"

  var engine: Engine { self == .interpreter ? .interpreter : .jit }
}

/// What one run of an example came to.
public struct ExampleRow: Codable, Sendable {
  public let program: String
  public let layout: String
  public let engine: ExampleEngine
  /// Bytes of the image, and of its instructions.
  public let imageBytes: Int
  public let textBytes: Int
  /// Bytes of code that the device compiled; `nil` for the interpreter.
  public let codeBytes: Int?
  public let expected: String
  public let outcome: String
  public let isRight: Bool
  /// eBPF instructions executed, where they are counted.
  public let instructions: Int?
  /// The run on the device's clock, where somebody waited for it.
  public let microseconds: Int?
}

/// An example's images, by layout: those that can hold it.
public struct BuiltExample: Sendable {
  public let example: Example
  public let programs: [(layout: ImageLayout, program: LinkedProgram)]

  /// Compiles and links it.
  ///
  /// - Throws: ``CompileError``; ``LinkError``, except when a layout of nothing but instructions cannot hold it.
  public init(_ example: Example) async throws {
    let object = try await Compiler().compile(URL(filePath: example.path)).object
    var programs: [(ImageLayout, LinkedProgram)] = []
    for layout in ImageLayout.allCases {
      do {
        programs.append((layout, try Linker(layout: layout).link([object])))
      } catch LinkError.moreThanText {
        continue
      }
    }
    self.example = example
    self.programs = programs
  }
}

/// Compiles and links examples, a few at a time.
///
/// - Returns: them in their order.
public func build(_ examples: [Example]) async throws -> [BuiltExample] {
  try await withThrowingTaskGroup(of: (Int, BuiltExample).self) { group in
    var built = [BuiltExample?](repeating: nil, count: examples.count)
    for (index, example) in examples.enumerated() {
      if index >= ProcessInfo.processInfo.activeProcessorCount, let (done, result) = try await group.next() {
        built[done] = result
      }
      group.addTask { (index, try await BuiltExample(example)) }
    }
    for try await (index, result) in group { built[index] = result }
    return built.compactMap(\.self)
  }
}

/// Brings an example to a device in every layout that holds it, and runs it there in every engine.
///
/// - Parameters:
///   - built: the example.
///   - slot: where it runs.
///   - device: whose slot.
///   - signing: whose key signs.
/// - Returns: a row for each layout and engine, whether it did what it should or not.
/// - Throws: ``DeviceError`` when it does not get as far as being run.
public func run(
  _ built: BuiltExample, in slot: Int, of device: DeviceClient, signing: Signing
) async throws -> [ExampleRow] {
  var rows: [ExampleRow] = []
  for (layout, program) in built.programs {
    for engine in ExampleEngine.allCases {
      // Brought anew each time, so that all start with an empty store.
      _ = try await deliver(image: program.image, to: slot, of: device, signing: signing)
      let code =
        engine == .interpreter
        ? nil : try await device.compile(slot, isolation: engine == .hardware ? .hardware : .checked)
      var outcome = try await run(built.example, in: slot, of: device, engine)
      if let text = built.example.printing, outcome.isRight {
        let log = String(decoding: try await device.log(of: slot), as: UTF8.self)
        if !log.contains(text) { outcome = ExampleOutcome("printed \"\(log)\"", isRight: false) }
      }
      rows.append(
        ExampleRow(
          program: built.example.name, layout: "\(layout)", engine: engine, imageBytes: program.image.count,
          textBytes: program.textSize, codeBytes: code?.codeBytes, expected: "\(built.example.expectation)",
          outcome: outcome.text, isRight: outcome.isRight, instructions: outcome.instructions,
          microseconds: outcome.microseconds))
    }
  }
  return rows
}

private struct ExampleOutcome {
  var text: String
  var isRight: Bool
  var instructions: Int?
  var microseconds: Int?

  init(_ text: String, isRight: Bool) {
    self.text = text
    self.isRight = isRight
  }
}

private func run(
  _ example: Example, in slot: Int, of device: DeviceClient, _ engine: ExampleEngine
) async throws -> ExampleOutcome {
  do {
    switch example.expectation {
    case .result(let expected):
      let execution = try await device.run(slot, engine: engine.engine)
      var outcome = ExampleOutcome("\(execution.result)", isRight: execution.result == expected)
      outcome.instructions = execution.instructions
      outcome.microseconds = execution.microseconds
      return outcome
    case .trap:
      // The usual budget takes an emulator long to spend.
      let execution = try await device.run(
        slot, engine: engine.engine, conditions: RunConditions(instructions: 200_000))
      return ExampleOutcome("\(execution.result)", isRight: false)
    case .reply(let code, let text, let payload):
      let answer = try await device.request(
        payload == nil ? .get : .post, slot, payload: Array((payload ?? "").utf8), engine: engine.engine)
      let body = String(decoding: answer.body, as: UTF8.self)
      var outcome = ExampleOutcome(
        "\(answer.code.text) \"\(body)\"", isRight: answer.code.text == code && body == text)
      outcome.instructions = try await device.instance(slot).instructions
      return outcome
    case .running(let text):
      _ = try await device.start(slot, engine: engine.engine)
      return try await watch(slot, of: device, until: text)
    case .triggered(let milliseconds, let text):
      _ = try await device.start(slot, every: milliseconds, engine: engine.engine)
      return try await watch(slot, of: device, until: text)
    case .event(let notation, let text):
      let event = try notation.event(amongst: try await device.peripherals().readings)
      _ = try await device.start(slot, on: event, engine: engine.engine)
      let outcome = try await watch(slot, of: device, until: text) { try await device.bring(about: event) }
      try await device.release(device: event.device)
      return outcome
    }
  } catch DeviceError.refused(let refusal) where refusal.stage == .execution {
    return ExampleOutcome(trap: refusal, of: example, engine)
  }
}

extension ExampleOutcome {
  /// Of a program that was stopped. Where the hardware does the checking, accesses are stopped as faults of the processor.
  init(trap refusal: Refusal, of example: Example, _ engine: ExampleEngine) {
    let rule = refusal.rule.flatMap { UInt8(exactly: $0) }.flatMap(Trap.Rule.init(rawValue:))
    let isFault = engine == .hardware && rule == nil
    let isRight: Bool
    if case .trap(let expected) = example.expectation {
      isRight = rule == expected || isFault && [.readOutside, .writeOutside].contains(expected)
    } else {
      isRight = false
    }
    self.init(rule.map { "trap \($0)" } ?? "fault: \(refusal)", isRight: isRight)
  }
}

extension DeviceClient {
  /// Simulates an event: the device comes to a value, and leaves it again.
  fileprivate func bring(about event: DeviceEvent) async throws {
    let (there, back): (Int16, Int16) =
      switch event.condition {
      case .pressed: (1, 0)
      case .above(let value): (value &+ 1, value)
      case .below(let value): (value &- 1, value)
      }
    for value in [there, back] {
      _ = try await set(value, device: event.device)
      // Longer than between two looks at the device.
      try await Task.sleep(for: .milliseconds(80))
    }
  }
}

/// Waits until a program that runs on has printed a text, and kills it.
private func watch(
  _ slot: Int, of device: DeviceClient, until text: String, meanwhile: () async throws -> Void = {}
) async throws -> ExampleOutcome {
  var log = ""
  for _ in 0..<200 {
    log = String(decoding: try await device.log(of: slot), as: UTF8.self)
    if log.contains(text) { break }
    try await meanwhile()
    try await Task.sleep(for: .milliseconds(50))
  }
  let instance = try await device.instance(slot)
  guard log.contains(text) else {
    if instance.ending == nil { try await device.kill(slot) }
    return ExampleOutcome(
      "\(instance.state) \(instance.ending ?? "") after \"\(log)\"", isRight: false)
  }
  try await device.kill(slot)
  let state = try await device.instance(slot).state
  return ExampleOutcome("prints \"\(text)\", killed", isRight: state == "ended")
}
