import BPF

/// The most frames any program can have.
private let frameLimit: UInt8 = 8
/// Passes over the program after which the answer is `frameLimit`: it bounds the time, and compilers' code, which rarely
/// goes backward except in loops, needs two or three.
private let passLimit = 16

/// How many stack frames the program can need when it starts at `entry`.
///
/// Every instruction gets as its `proofs` the deepest call level at which it can run, 0 if it cannot. Levels only rise, so
/// passing over the program until nothing changes ends; recursion rises to the limit.
///
/// Jumps and local calls of the instructions lead to instructions. All `proofs` are 0 before and afterwards.
func maximumDepth(of instructions: inout MutableSpan<Instruction>, from entry: Int) -> Int {
  defer { for index in instructions.indices { instructions[index].proofs = 0 } }
  instructions[entry].proofs = 1
  var deepest: UInt8 = 1
  for _ in 0..<passLimit {
    var hasRisenBehind = false
    for index in instructions.indices {
      let instruction = instructions[index]
      let level = instruction.proofs
      guard level > 0 else { continue }
      if instruction.operation.mayContinue {
        raise(&instructions[index + (instruction.operation.isWide ? 2 : 1)], to: level)
      }
      guard let distance = instruction.distance else { continue }
      let target = index + 1 + distance
      let isCall = instruction.operation == .callLocal
      if isCall, level == frameLimit { return Int(frameLimit) }
      let targetLevel = isCall ? level + 1 : level
      deepest = max(deepest, targetLevel)
      if raise(&instructions[target], to: targetLevel), target <= index { hasRisenBehind = true }
    }
    if !hasRisenBehind { return Int(deepest) }
  }
  return Int(frameLimit)
}

/// Whether `level` is higher than what the instruction had.
@discardableResult
private func raise(_ instruction: inout Instruction, to level: UInt8) -> Bool {
  guard instruction.proofs < level else { return false }
  instruction.proofs = level
  return true
}
