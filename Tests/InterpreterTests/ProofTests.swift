import BPF
import Testing
import Verifier

@Suite struct ProofAttackTests {
  static let batches = 8
  static let programsPerBatch = 2600

  @Test(arguments: 0..<batches)
  func `whatever the analysis says of a program holds when it runs`(batch: Int) {
    var cells = [AnalysisCell](repeating: AnalysisCell(), count: analysisCells(forInstructions: 100))
    var checker = ProofChecker()
    var accepted = 0
    for number in 0..<Self.programsPerBatch {
      let seed = UInt64(batch * Self.programsPerBatch + number)
      var generator = ProgramGenerator(seed: seed)
      var program = generator.next()
      // Some have to do with little memory, or none.
      let available = number % 4 == 3 ? number / 4 % 140 : cells.count
      // What is refused is put right, a bit at a time.
      for _ in 0..<25 {
        var recorder = StateRecorder()
        var memory = cells.mutableSpan
        do throws(VerifierError) {
          let verified = try verify(
            program.mutableSpan, entry: 0, granting: .all, regions: ProofChecker.regions,
            using: memory._mutatingExtracting(0..<available), observer: &recorder)
          accepted += 1
          guard verified.areValuesKnown else { break }
          checker.check(
            verified.instructions, recorder.states, frames: verified.maximumDepth, steps: 90, seed: seed)
          break
        } catch {
          guard error.rule != .neverEnds else { break }
          let isRegister = error.rule == .uninitialisedRegister || error.rule == .uninitialisedStack
          let register = Register.allCases[isRegister ? Int(error.found) : 6]
          program[error.index] = Instruction(.mov64Imm, destination: register, immediate: Int32(number % 70))
        }
      }
      if let failure = checker.failure {
        Issue.record("seed \(seed): \(failure)")
        return
      }
    }
    #expect(accepted > Self.programsPerBatch / 2)
    #expect(checker.proofsChecked > 20 * accepted)
  }
}
