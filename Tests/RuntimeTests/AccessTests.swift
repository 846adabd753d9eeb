import BPF
import Helpers
import Interpreter
import ProgramImage
import Testing

@testable import Runtime

private func call(_ number: Int32) -> Instruction { Instruction(.callHelper, immediate: number) }

@Suite struct HelperAccess {
  private let both = HelperSet(.printf).union(HelperSet(.strlen))

  @Test func `a request and an image can only narrow what the device grants`() {
    let policy = both.union(HelperSet(.memcpy))
    #expect(grantedHelpers(image: nil, policy: policy) == policy)
    #expect(grantedHelpers(image: both, policy: policy) == both)
    #expect(grantedHelpers(image: .all, policy: policy) == policy)
    #expect(grantedHelpers(image: both, policy: policy, request: HelperSet(.memcpy)) == .empty)
    #expect(grantedHelpers(image: nil, policy: policy, request: .all) == policy)
    #expect(grantedHelpers(image: both, policy: HelperSet(.strlen), request: both) == HelperSet(.strlen))
  }

  @Test func `a policy is one for each slot`() throws {
    var policy = AccessPolicy()
    let (first, second) = (try #require(SlotNumber(0)), try #require(SlotNumber(4)))
    policy[second] = both
    #expect(policy[first] == .all)
    #expect(policy[second] == both)
  }

  @Test func `the first call that is not granted is named with its place`() {
    let exit = Instruction(.exit)
    let program = [call(1), call(0x52), call(2), call(0x13), exit]
    #expect(firstCall(outside: both, in: program.span) == HelperCall(number: 2, index: 2))
    #expect(firstCall(outside: .all, in: program.span) == nil)
    #expect(firstCall(outside: .empty, in: program.span) == HelperCall(number: 1, index: 0))
    for number in [0x75, -1, 256, .min] as [Int32] {
      #expect(
        firstCall(outside: .all, in: [exit, call(number)].span) == HelperCall(number: number, index: 1))
    }
  }

  @Test(arguments: AccessStage.allCases)
  func `a device checks at the stages it was told to`(stage: AccessStage) throws {
    let program = [call(2), Instruction(.exit)]
    let checking = AccessPolicy(stages: AccessStages(stage))
    #expect(throws: HelperCall(number: 2, index: 0)) {
      try checking.check(program.span, granted: both, at: stage)
    }
    try checking.check(program.span, granted: .all, at: stage)
    for other in AccessStage.allCases where other != stage {
      try checking.check(program.span, granted: both, at: other)
    }
  }

  @Test(arguments: Helper.allCases) func `at run time a call that is not granted stops the program`(
    helper: Helper
  ) throws {
    var caller = try Caller()
    var granted = HelperSet.empty
    for other in Helper.allCases where other != helper { granted.insert(other) }
    caller.services.begin(SlotNumber(1), granting: granted)
    let fault = caller.fault(helper, caller.start)
    #expect(fault == HelperFault(.notGranted, address: UInt64(helper.rawValue)))
    #expect(caller.world.console.isEmpty)
    let trap = Trap(.helperFault, at: 7, address: UInt64(helper.rawValue), helperFault: fault)
    #expect(trap == Trap(.helperNotGranted, at: 7, address: UInt64(helper.rawValue)))
  }
}
