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
  Check("64-bit divisions and shifts of compiled programs are exact, whatever the numbers") {
    () throws(CheckFailure) in
    let edges: InlineArray<18, UInt64> = [
      0, 1, 2, 3, 10, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, 0x1_0000_0001,
      0xFFFF_0000_FFFF, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0x8000_0000_0000_0001,
      0xFFFF_FFFF_0000_0000, 0xFFFF_FFFF_FFFF_FFFF,
    ]
    for left in edges.indices {
      for right in edges.indices { try checkCalculations(edges[left], edges[right]) }
    }
    var random: UInt64 = 1
    for _ in 0..<20_000 {
      let a = nextRandom(&random)
      let b = nextRandom(&random)
      let shifts = nextRandom(&random)
      // Of every length, and quotients close to a number of digits.
      let x = a >> (shifts & 63)
      let y = b >> (shifts >> 8 & 63)
      try checkCalculations(x, y)
      try checkCalculations(y &* (x >> 32), y)
      try checkCalculations(y &* (x >> 32) &- 1, y)
    }
  },
  Check("the stack has used less than half of its room") { () throws(CheckFailure) in
    try expect(
      cortexm_stack_used() < cortexm_stack_size() / 2, "room is left for what the checks do not reach")
  },
]

/// Compares what compiled programs call with what the compiler makes of the same.
private func checkCalculations(_ a: UInt64, _ b: UInt64) throws(CheckFailure) {
  let (signed, divisor) = (Int64(bitPattern: a), Int64(bitPattern: b))
  // RFC 9669 §4.1: what the language leaves undefined.
  let quotient = b == 0 ? 0 : a / b
  let remainder = b == 0 ? a : a % b
  let signedQuotient = b == 0 ? 0 : divisor == -1 ? 0 &- signed : signed / divisor
  let signedRemainder = b == 0 ? signed : divisor == -1 ? 0 : signed % divisor
  try expect(program_calculate(0, a, b) == quotient, "quotient")
  try expect(program_calculate(1, a, b) == remainder, "remainder")
  try expect(program_calculate(2, a, b) == UInt64(bitPattern: signedQuotient), "quotient with signs")
  try expect(program_calculate(3, a, b) == UInt64(bitPattern: signedRemainder), "remainder with signs")
  try expect(program_calculate(4, a, b) == a << (b & 63), "shift to the left")
  try expect(program_calculate(5, a, b) == a >> (b & 63), "shift to the right")
  try expect(program_calculate(6, a, b) == UInt64(bitPattern: signed >> Int64(b & 63)), "with a sign")
}

/// SplitMix64.
private func nextRandom(_ state: inout UInt64) -> UInt64 {
  state &+= 0x9E37_79B9_7F4A_7C15
  var z = state
  z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
  return z ^ z >> 31
}

/// An arena, as a program gets it, and smaller memory beside it.
@inline(never)
private func takeAndGiveBack() {
  var arena = Buffer(count: 4096, alignment: 4096)
  var small = Buffer(count: 24)
  arena.clear()
  small.clear()
}
