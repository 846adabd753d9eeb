import Compartment
import Testing

@Suite struct ArenaTests {
  @Test func `an arena lies at a multiple of its size`() {
    for size in [1024, 4096, 8192] {
      let arena = Arena(size: size)
      let address = arena.address
      #expect(address % UInt64(size) == 0)
    }
  }

  @Test func `parts stand in order above the stack, each at a multiple of eight`() throws {
    var arena = Arena(size: 2048)
    try arena.prepare(frames: 2, dataSize: 5, bssSize: 17, contextSize: 100)
    let base = arena.address
    let offsets = [arena.stackTop, arena.dataAddress, arena.bssAddress, arena.contextAddress].map {
      $0 - base
    }
    let dataCount = arena.data.count
    let contextCount = arena.context.count
    #expect(offsets == [1024, 1024, 1032, 1056])
    #expect((dataCount, contextCount) == (5, 100))
  }

  @Test func `an arena can be filled to its last byte`() throws {
    var arena = Arena(size: 1024)
    try arena.prepare(frames: 1, dataSize: 256, bssSize: 0, contextSize: 256)
    #expect(throws: ArenaError.doesNotFit(needed: 1025, available: 1024)) {
      var arena = Arena(size: 1024)
      try arena.prepare(frames: 1, dataSize: 256, bssSize: 0, contextSize: 257)
    }
    #expect(throws: ArenaError.doesNotFit(needed: 1544, available: 1024)) {
      var arena = Arena(size: 1024)
      try arena.prepare(frames: 3, dataSize: 8, bssSize: 0, contextSize: 0)
    }
  }

  @Test func `of an arena that a program may use in part, the rest is outside`() throws {
    var arena = Arena(size: 2048)
    try arena.prepare(frames: 1, dataSize: 8, bssSize: 0, contextSize: 0, size: 1024)
    #expect([arena.size, arena.capacity] == [1024, 2048])
    let base = arena.address
    var memory = arena.memory(rodata: Span())
    try memory.store(1 as UInt8, at: base + 1023)
    #expect(
      fault(&memory) { memory throws(AccessFault) in try memory.store(1 as UInt8, at: base + 1024) } != nil)
    #expect(
      fault(&memory) { memory throws(AccessFault) in try memory.store(1 as UInt16, at: base + 1023) } != nil)
    #expect(throws: ArenaError.doesNotFit(needed: 1032, available: 1024)) {
      var arena = Arena(size: 2048)
      try arena.prepare(frames: 1, dataSize: 520, bssSize: 0, contextSize: 0, size: 1024)
    }
  }

  @Test func `the next program has the whole arena again, and finds nothing in it`() throws {
    var arena = Arena(size: 2048)
    try arena.prepare(frames: 1, dataSize: 1536, bssSize: 0, contextSize: 0)
    arena.fillData(from: [UInt8](repeating: 9, count: 1536).span)
    try arena.prepare(frames: 1, dataSize: 8, bssSize: 0, contextSize: 0, size: 1024)
    try arena.prepare(frames: 1, dataSize: 1536, bssSize: 0, contextSize: 0)
    let left = (0..<1536).contains { arena.data[$0] != 0 }
    #expect(!left && arena.size == 2048)
  }

  @Test func `sizes nobody can mean are refused`() {
    #expect(throws: ArenaError.frameCount(found: 0)) {
      var arena = Arena(size: 1024)
      try arena.prepare(frames: 0, dataSize: 0, bssSize: 0, contextSize: 0)
    }
    #expect(throws: ArenaError.frameCount(found: 9)) {
      var arena = Arena(size: 8192)
      try arena.prepare(frames: 9, dataSize: 0, bssSize: 0, contextSize: 0)
    }
    #expect(throws: ArenaError.negativeSize(-1)) {
      var arena = Arena(size: 1024)
      try arena.prepare(frames: 1, dataSize: -1, bssSize: 0, contextSize: 0)
    }
    #expect(throws: ArenaError.doesNotFit(needed: .max, available: 1024)) {
      var arena = Arena(size: 1024)
      try arena.prepare(frames: 1, dataSize: 0, bssSize: .max, contextSize: 0)
    }
  }

  @Test func `preparing clears what the last program left`() throws {
    var arena = Arena(size: 1024)
    try arena.prepare(frames: 1, dataSize: 8, bssSize: 0, contextSize: 0)
    var data = arena.data
    data[3] = 9
    try arena.prepare(frames: 1, dataSize: 8, bssSize: 0, contextSize: 0)
    let left = arena.data[3]
    #expect(left == 0)
  }
}

/// Runs `body` on a 1 KiB arena and the read-only bytes 1, 2, 3, 4, 5, 0.
private func withMemory(_ body: (inout CompartmentMemory, _ arena: UInt64, _ rodata: UInt64) throws -> Void)
  throws
{
  let rodata: [UInt8] = [1, 2, 3, 4, 5, 0]
  var arena = Arena(size: 1024)
  try arena.prepare(frames: 1, dataSize: 16, bssSize: 0, contextSize: 0)
  let base = arena.address
  var memory = arena.memory(rodata: rodata.span)
  let rodataAddress = memory.rodataAddress
  try body(&memory, base, rodataAddress)
}

/// The fault that `access` ends in.
private func fault(
  _ memory: inout CompartmentMemory, _ access: (inout CompartmentMemory) throws(AccessFault) -> Void
) -> AccessFault? {
  do throws(AccessFault) {
    try access(&memory)
    return nil
  } catch {
    return error
  }
}

@Suite struct CompartmentMemoryTests {
  @Test func `numbers are little-endian and need no alignment`() throws {
    try withMemory { memory, arena, rodata in
      try memory.store(0x8877_6655_4433_2211 as UInt64, at: arena + 3)
      #expect(try memory.load(at: arena + 3, as: UInt8.self) == 0x11)
      #expect(try memory.load(at: arena + 5, as: UInt16.self) == 0x4433)
      #expect(try memory.load(at: arena + 4, as: UInt32.self) == 0x5544_3322)
      #expect(try memory.load(at: arena + 3, as: UInt64.self) == 0x8877_6655_4433_2211)
      #expect(try memory.load(at: rodata + 1, as: UInt32.self) == 0x0504_0302)
    }
  }

  @Test(arguments: [1, 2, 4, 8] as [UInt64])
  func `both ends of the arena are exact for every size`(size: UInt64) throws {
    func load(_ memory: borrowing CompartmentMemory, _ address: UInt64) throws(AccessFault) {
      switch size {
      case 1: _ = try memory.load(at: address, as: UInt8.self)
      case 2: _ = try memory.load(at: address, as: UInt16.self)
      case 4: _ = try memory.load(at: address, as: UInt32.self)
      default: _ = try memory.load(at: address, as: UInt64.self)
      }
    }
    func store(_ memory: inout CompartmentMemory, _ address: UInt64) throws(AccessFault) {
      switch size {
      case 1: try memory.store(1 as UInt8, at: address)
      case 2: try memory.store(1 as UInt16, at: address)
      case 4: try memory.store(1 as UInt32, at: address)
      default: try memory.store(1 as UInt64, at: address)
      }
    }
    try withMemory { memory, arena, _ in
      for address in [arena, arena + 1024 - size] {
        try load(memory, address)
        try store(&memory, address)
      }
      for address in [
        arena - 1, arena - size, arena + 1024 - size + 1, arena + 1024, 0, UInt64.max, 1 << 63, ~size + 1,
      ] {
        let read = fault(&memory) { memory throws(AccessFault) in try load(memory, address) }
        let write = fault(&memory) { memory throws(AccessFault) in try store(&memory, address) }
        #expect(read == AccessFault(address: address, size: Int(size), isWrite: false))
        #expect(write == AccessFault(address: address, size: Int(size), isWrite: true))
      }
    }
  }

  @Test func `the upper bits of an address count`() throws {
    try withMemory { memory, arena, _ in
      #expect(throws: AccessFault(address: arena | 1 << 63, size: 1, isWrite: false)) {
        try memory.load(at: arena | 1 << 63, as: UInt8.self)
      }
    }
  }

  @Test func `read-only data is readable to its last byte and never writable`() throws {
    try withMemory { memory, _, rodata in
      let last = try memory.load(at: rodata + 4, as: UInt16.self)
      #expect(last == 5)
      #expect(throws: AccessFault(address: rodata + 5, size: 2, isWrite: false)) {
        try memory.load(at: rodata + 5, as: UInt16.self)
      }
      #expect(throws: AccessFault(address: rodata, size: 8, isWrite: false)) {
        try memory.load(at: rodata, as: UInt64.self)
      }
      #expect(throws: AccessFault(address: rodata - 1, size: 1, isWrite: false)) {
        try memory.load(at: rodata - 1, as: UInt8.self)
      }
      let store = fault(&memory) { memory throws(AccessFault) in try memory.store(0 as UInt8, at: rodata) }
      #expect(store == AccessFault(address: rodata, size: 1, isWrite: true))
    }
  }

  @Test func `ranges end where their region ends`() throws {
    try withMemory { memory, arena, rodata in
      let whole = try memory.bytes(at: arena, count: 1024).count
      let constant = try memory.bytes(at: rodata, count: 6)[4]
      let nothing = try memory.bytes(at: 0, count: 0).count
      let writable = try memory.mutableBytes(at: arena + 1000, count: 24).count
      #expect((whole, constant, nothing, writable) == (1024, 5, 0, 24))
      for (address, count) in [(arena, 1025), (arena + 1, 1024), (rodata, 7), (arena, UInt64.max), (0, 1)]
        as [(UInt64, UInt64)]
      {
        #expect(throws: AccessFault(address: address, size: Int(clamping: count), isWrite: false)) {
          _ = try memory.bytes(at: address, count: count).count
        }
      }
      let writing = fault(&memory) { memory throws(AccessFault) in
        _ = try memory.mutableBytes(at: rodata, count: 1).count
      }
      #expect(writing == AccessFault(address: rodata, size: 1, isWrite: true))
    }
  }

  @Test func `a C string ends at its zero byte or the limit, and faults without either`() throws {
    try withMemory { memory, arena, rodata in
      let length = try memory.cString(at: rodata + 1, limit: 100).count
      #expect(length == 4)
      let limited = try memory.cString(at: rodata, limit: 3).count
      #expect(limited == 3)
      var all = try memory.mutableBytes(at: arena, count: 1024)
      for index in all.indices { all[index] = 0x41 }
      #expect(throws: AccessFault(address: arena + 1024, size: 1, isWrite: false)) {
        _ = try memory.cString(at: arena + 1000, limit: .max).count
      }
      #expect(throws: AccessFault(address: 7, size: 1, isWrite: false)) {
        _ = try memory.cString(at: 7, limit: 10).count
      }
    }
  }

  @Test func `copying is right when ranges overlap, and all or nothing`() throws {
    try withMemory { memory, arena, rodata in
      try memory.copy(from: rodata, to: arena, count: 6)
      try memory.copy(from: arena, to: arena + 2, count: 6)
      #expect(try memory.load(at: arena, as: UInt64.self) == 0x0005_0403_0201_0201)
      try memory.copy(from: 0, to: 0, count: 0)
      var faults: [AccessFault] = []
      for (source, destination, count) in [
        (rodata, arena, 7), (arena, rodata, 1), (rodata, arena + 1020, 5), (arena, arena, .max),
      ] as [(UInt64, UInt64, UInt64)] {
        let copying = fault(&memory) { memory throws(AccessFault) in
          try memory.copy(from: source, to: destination, count: count)
        }
        if let copying { faults.append(copying) }
      }
      #expect(
        faults == [
          AccessFault(address: rodata, size: 7, isWrite: false),
          AccessFault(address: rodata, size: 1, isWrite: true),
          AccessFault(address: arena + 1020, size: 5, isWrite: true),
          AccessFault(address: arena, size: .max, isWrite: false),
        ])
    }
  }
}
