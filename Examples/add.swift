// expect: 42
//
// The smallest program: r0 is what it returns.

@c public func program() -> UInt64 { 40 + 2 }
