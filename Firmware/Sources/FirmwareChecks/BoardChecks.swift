import BoardMPS2
import Bytes
import CCortexM
import Checks
import CortexM
import Network

/// Clock, heap and stack of the board, and the network before anybody talks to it.
let boardChecks: [Check] = [
  Check("the clock counts 25,000 ticks a millisecond and never goes back") { () throws(CheckFailure) in
    let start = SysTick.milliseconds
    var last = SysTick.ticks
    while SysTick.milliseconds < start + 5 {
      let now = SysTick.ticks
      try expect(now >= last, "ticks do not go back, even when the counter starts over in between")
      last = now
    }
    let milliseconds = SysTick.milliseconds
    try expect(last / 25_000 >= start + 4 && last / 25_000 <= milliseconds, "both clocks agree")
  },
  Check("sleeping wakes up with the next millisecond") { () throws(CheckFailure) in
    let start = SysTick.milliseconds
    while SysTick.milliseconds < start + 3 { Processor.sleep { false } }
    try expect(SysTick.milliseconds == start + 3, "no millisecond is slept through")
  },
  Check("sleeping is left out while there is work") { () throws(CheckFailure) in
    let start = SysTick.ticks
    for _ in 0..<10 { Processor.sleep { true } }
    try expect(SysTick.ticks - start < 25_000, "ten times nothing take less than a millisecond")
  },
  Check("the network starts with the controller's own address, and nothing has come in") {
    () throws(CheckFailure) in
    Ethernet.start()
    let address = Ethernet.address
    try expect(address[0] & 1 == 0, "not a group's address")
    var sum = 0
    for index in address.indices { sum += Int(address[index]) }
    try expect(sum != 0, "an address at all")
    try expect(startNetwork(port: 5683), "the socket can be bound")
    try expect(!Network.receive { _, _, _ in }, "nothing has come in")
  },
  Check("memory that is given back is used again") { () throws(CheckFailure) in
    takeAndGiveBack()
    let used = cortexm_heap_used()
    for _ in 0..<200 { takeAndGiveBack() }
    try expect(cortexm_heap_used() == used, "the heap does not grow")
  },
  Check("the stack has used less than half of its room") { () throws(CheckFailure) in
    try expect(
      cortexm_stack_used() < cortexm_stack_size() / 2, "room is left for what the checks do not reach")
  },
]

/// An arena, as a program gets it, and smaller memory beside it.
@inline(never)
private func takeAndGiveBack() {
  var arena = Buffer(count: 4096, alignment: 4096)
  var small = Buffer(count: 24)
  arena.clear()
  small.clear()
}
