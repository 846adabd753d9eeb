public import DeviceProtocol
import DeviceServer
import Interpreter
public import Runtime
public import SimulatedPeripherals

/// Runs an image in this process, as a device would: same checks, same compartment, same helpers.
///
/// - Parameters:
///   - image: the image, of any layout.
///   - context: what r1 points to.
///   - budget: the most instructions that may run.
///   - course: what sensors measure.
///   - console: called with what the program prints.
/// - Returns: r0 and how many instructions ran.
/// - Throws: ``Problem`` when the program cannot be loaded, or is stopped.
public func runLocally(
  image: [UInt8], context: [UInt8] = [], budget: Int = Limits.shortRunInstructions,
  course: Course = .steady, console: @escaping @Sendable ([UInt8]) -> Void
) throws(Problem) -> (result: UInt64, instructions: Int) {
  var compartment = ProgramCompartment()
  var services = Services(board: LinuxBoard(course: course, console: console))
  let outcome: Outcome
  do throws(LoadError) {
    try compartment.check(image.span)
    outcome = try compartment.run(image.span, context: context.span, budget: budget, host: &services)
  } catch {
    throw Problem(error)
  }
  switch outcome.result {
  case .returned(let result): return (result, outcome.executed ?? 0)
  case .trapped(let trap): throw Problem(trap)
  }
}
