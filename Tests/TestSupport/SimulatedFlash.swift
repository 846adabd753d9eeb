package import Platform

/// Flash in memory whose power can fail at any byte.
package final class SimulatedFlash: Storage {
  package let blockSize: Int
  package let blockCount: Int
  package let programUnit: Int
  package var contents: [UInt8]
  /// How often each block was erased.
  package var erasures: [Int]
  /// Bytes that were programmed.
  package var programmed = 0
  /// Blocks that take nothing any more.
  package var wornBlocks: Set<Int> = []
  /// How many more steps the power lasts: a programmed byte or an erased block is one. The next one happens partly.
  package var power = Int.max
  /// What happens partly differs by this.
  package var chance = Repeatable(seed: 1)
  /// Units that hold something since their block was erased.
  private var used: [Bool]

  package init(blockSize: Int = 384, blockCount: Int = 18, programUnit: Int = 1, contents: [UInt8]? = nil) {
    self.blockSize = blockSize
    self.blockCount = blockCount
    self.programUnit = programUnit
    self.contents = contents ?? Array(repeating: 0, count: blockSize * blockCount)
    erasures = Array(repeating: 0, count: blockCount)
    used = Array(repeating: true, count: blockSize * blockCount / programUnit)
  }

  /// The same after a restart: with power.
  package func restarted() -> SimulatedFlash {
    let flash = SimulatedFlash(
      blockSize: blockSize, blockCount: blockCount, programUnit: programUnit, contents: contents)
    flash.wornBlocks = wornBlocks
    return flash
  }

  package func read(at offset: Int, into bytes: inout MutableSpan<UInt8>) throws(StorageError) {
    try check(offset: offset, count: bytes.count)
    guard power >= 0 else { throw .read(offset: offset) }
    for index in 0..<bytes.count { bytes[index] = contents[offset + index] }
  }

  package func program(at offset: Int, _ bytes: Span<UInt8>) throws(StorageError) {
    try check(offset: offset, count: bytes.count, unit: programUnit)
    for unit in offset / programUnit..<(offset + bytes.count) / programUnit {
      precondition(!used[unit], "unit \(unit) is programmed twice")
      used[unit] = true
    }
    guard !wornBlocks.contains(offset / blockSize) else { throw .program(offset: offset) }
    for index in 0..<bytes.count {
      guard spend() else {
        if power == -1 {
          contents[offset + index] &= bytes[index] | UInt8.random(in: 0...255, using: &chance)
        }
        power = -2
        throw .program(offset: offset)
      }
      contents[offset + index] &= bytes[index]
      programmed += 1
    }
  }

  package func erase(block: Int) throws(StorageError) {
    try check(offset: block * blockSize, count: blockSize)
    let range = block * blockSize..<(block + 1) * blockSize
    guard !wornBlocks.contains(block) else { throw .erase(block: block) }
    guard spend() else {
      if power == -1 { eraseHalf(range) }
      power = -2
      throw .erase(block: block)
    }
    for index in range { contents[index] = 0xff }
    for unit in range.lowerBound / programUnit..<range.upperBound / programUnit { used[unit] = false }
    erasures[block] += 1
  }

  private func spend() -> Bool {
    guard power >= 0 else { return false }
    power -= 1
    return power >= 0
  }

  private func eraseHalf(_ range: Range<Int>) {
    let middle = range.lowerBound + blockSize / 2
    switch Int.random(in: 0..<5, using: &chance) {
    case 0: for index in range.lowerBound..<middle { contents[index] = 0xff }
    case 1: for index in middle..<range.upperBound { contents[index] = 0xff }
    case 2: for index in range where Bool.random(using: &chance) { contents[index] = 0xff }
    case 3: for index in range { contents[index] |= UInt8.random(in: 0...255, using: &chance) }
    default: break
    }
  }
}
