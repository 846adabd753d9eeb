import CortexM

/// Counts executed instructions.
enum Stopwatch {
  /// What one tick of the timer stands for.
  private static let instructionsPerTick: UInt64 = 40
  /// Work is repeated until about so many instructions have run, so that a tick more or less is lost in it.
  private static let wanted: UInt64 = 4_000_000

  /// How many instructions `body` takes, on the average of many repetitions, without the loop around it.
  static func instructions(_ body: () -> Void) -> UInt64 {
    let once = max(ticks(repeating: 1, body), 1) * instructionsPerTick
    let count = Int(min(max(wanted / once, 8), 20_000))
    let all = ticks(repeating: count, body)
    let loop = ticks(repeating: count) { keep() }
    let difference = (all > loop ? all - loop : 0) * instructionsPerTick
    return (difference + UInt64(count) / 2) / UInt64(count)
  }

  /// How many instructions `body` takes, done once, to the nearest 40.
  static func once(_ body: () -> Void) -> UInt64 {
    ticks(repeating: 1, body) * instructionsPerTick
  }

  @inline(never)
  private static func ticks(repeating count: Int, _ body: () -> Void) -> UInt64 {
    let start = SysTick.ticks
    for _ in 0..<count { body() }
    return SysTick.ticks - start
  }

  /// Work of one call and one return, which no compiler removes.
  @inline(never) @_optimize(none)
  private static func keep() {}
}
