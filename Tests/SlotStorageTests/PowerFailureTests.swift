import SlotStorage
import TestSupport
import Testing

@Suite struct PowerFailures {
  /// What the slots hold, and the flash that holds it.
  struct State {
    var flash: SimulatedFlash
    var slots = [Expected](repeating: Expected(), count: 3)
  }

  /// Makes the change with power for `power` steps only, restarts, and checks the slots: those that were not concerned
  /// hold what they held, the other one that or what it should hold, and what was answered with success is there.
  ///
  /// - Returns: the state after the restart; `nil` when the power was enough.
  private func interrupt(_ change: Change, of state: State, after power: Int) throws -> State? {
    let flash = state.flash.restarted()
    flash.chance = Repeatable(seed: UInt64(power))
    var store = try Store(flash, imageLimit: 300)
    flash.power = power
    var isDone = true
    do throws(SlotStorageError) {
      try change.make(in: &store, after: state.slots[change.slot])
    } catch {
      isDone = false
    }
    let hadPower = flash.power >= 0
    let restarted = State(flash: flash.restarted(), slots: state.slots)
    let again = try Store(restarted.flash, imageLimit: 300)
    var found: [Expected] = []
    for slot in 0..<3 { found.append(try #require(try again.contents(of: slot))) }
    let new = change.result(after: state.slots[change.slot])
    for slot in 0..<3 where slot != change.slot {
      try #require(found[slot] == state.slots[slot], "slot \(slot) after \(power) steps of \(change)")
    }
    let concerned = found[change.slot]
    try #require(
      concerned == new || (!isDone && concerned == state.slots[change.slot]),
      "after \(power) steps of \(change)")
    guard !hadPower else { return nil }
    return State(flash: restarted.flash, slots: found)
  }

  @Test func `wherever power fails, a slot holds the old or the new program, and the number never goes back`()
    throws
  {
    var state = State(flash: SimulatedFlash())
    var cuts = 0
    for change in scenario {
      var power = 0
      while let interrupted = try interrupt(change, of: state, after: power) {
        cuts += 1
        // What was found must be good to go on from: the change is made once more, with its end at another place.
        if power % 16 == 0 {
          let half = try interrupt(change, of: interrupted, after: (power * 7 + 3) % 700) ?? interrupted
          #expect(try interrupt(change, of: half, after: .max - 1) == nil)
        }
        power += 1
      }
      var store = try Store(state.flash, imageLimit: 300)
      let old = state.slots[change.slot]
      try change.make(in: &store, after: old)
      state.slots[change.slot] = change.result(after: old)
    }
    #expect(cuts > 9000)
    #expect(state.flash.erasures.allSatisfy { $0 > 0 }, "the scenario does not go round")
  }

  @Test(arguments: 0..<20) func `power that fails again and again leaves a store that works`(seed: UInt64)
    throws
  {
    var chance = Repeatable(seed: seed)
    var state = State(flash: SimulatedFlash(blockSize: 512, blockCount: 18, programUnit: 8))
    for _ in 0..<150 {
      let change = chance.pick(scenario)
      state = try interrupt(change, of: state, after: Int.random(in: 0..<900, using: &chance)) ?? state
    }
    for slot in 0..<3 {
      #expect(try interrupt(.install(slot: slot, size: 300), of: state, after: .max - 1) == nil)
    }
  }
}
