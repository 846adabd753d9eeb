/// Programs for compartments, instruction by instruction (RFC 9669 §3), so that tests need no compiler.
package enum Assembly {
  /// One instruction of eight bytes.
  package static func instruction(
    _ opcode: UInt8, destination: UInt8 = 0, source: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0
  ) -> [UInt8] {
    let offset = UInt16(bitPattern: offset)
    let immediate = UInt32(bitPattern: immediate)
    return [opcode, source << 4 | destination, UInt8(offset & 0xff), UInt8(offset >> 8)]
      + (0..<4).map { UInt8(truncatingIfNeeded: immediate >> (8 * $0)) }
  }

  /// `register = value`
  package static func move(_ register: UInt8, _ value: Int32) -> [UInt8] {
    instruction(0xb7, destination: register, immediate: value)
  }

  /// `register = other`
  package static func copy(_ register: UInt8, from other: UInt8) -> [UInt8] {
    instruction(0xbf, destination: register, source: other)
  }

  /// `register += value`
  package static func add(_ register: UInt8, _ value: Int32) -> [UInt8] {
    instruction(0x07, destination: register, immediate: value)
  }

  /// `register += other`
  package static func add(_ register: UInt8, from other: UInt8) -> [UInt8] {
    instruction(0x0f, destination: register, source: other)
  }

  /// `register += r2`, as long as r2 is still the length of the context: 0 when there is none, but no verifier can know
  /// that. What goes wrong with the register goes wrong when the program runs, and does not keep it from being installed.
  package static func blur(_ register: UInt8) -> [UInt8] {
    add(register, from: 2)
  }

  /// `register = value`, all 64 bits: two slots.
  package static func wide(_ register: UInt8, _ value: UInt64) -> [UInt8] {
    instruction(0x18, destination: register, immediate: Int32(truncatingIfNeeded: value))
      + instruction(0, immediate: Int32(truncatingIfNeeded: value >> 32))
  }

  /// `register = the address of the read-only data`: two slots.
  package static func rodata(_ register: UInt8) -> [UInt8] {
    instruction(0xd8, destination: register) + instruction(0)
  }

  /// `register = *(uint8_t *)(base + offset)`
  package static func loadByte(_ register: UInt8, from base: UInt8, _ offset: Int16 = 0) -> [UInt8] {
    instruction(0x71, destination: register, source: base, offset: offset)
  }

  /// `register = *(uint32_t *)(base + offset)`
  package static func loadWord(_ register: UInt8, from base: UInt8, _ offset: Int16 = 0) -> [UInt8] {
    instruction(0x61, destination: register, source: base, offset: offset)
  }

  /// `*(uint8_t *)(base + offset) = value`
  package static func storeByte(_ value: Int32, to base: UInt8, _ offset: Int16 = 0) -> [UInt8] {
    instruction(0x72, destination: base, offset: offset, immediate: value)
  }

  /// Calls the helper with this number.
  package static func call(_ helper: Int32) -> [UInt8] {
    instruction(0x85, immediate: helper)
  }

  /// Goes on `distance` slots behind the next instruction.
  package static func jump(_ distance: Int16) -> [UInt8] {
    instruction(0x05, offset: distance)
  }

  package static var exit: [UInt8] { instruction(0x95) }

  /// `return value`: two slots.
  package static func returning(_ value: Int32) -> [UInt8] {
    move(0, value) + exit
  }

  /// An image of the layout `elf` with instructions, read-only data, and so many bytes that start as zeros.
  package static func image(text: [UInt8], rodata: [UInt8] = [], zeros: Int = 0) -> [UInt8] {
    let names = Array("\0.text\0.rodata\0.shstrtab\0.bss\0".utf8)
    let textOffset = 64
    let rodataOffset = textOffset + text.count
    let namesOffset = rodataOffset + rodata.count
    let table = (namesOffset + names.count + 7) & ~7
    var file: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + .init(repeating: 0, count: 9)
    // Relocatable, eBPF, version 1, no entry, no program headers.
    file += little(1, 2) + little(247, 2) + little(1, 4) + little(0, 8) + little(0, 8) + little(table, 8)
    file += little(0, 4) + little(64, 2) + little(0, 4) + little(64, 2) + little(5, 2) + little(3, 2)
    file += text + rodata + names
    file += .init(repeating: 0, count: table - file.count)
    file += .init(repeating: 0, count: 64)
    // Name, type, flags, offset and size; the rest of a section header is the same for all.
    for (name, type, flags, offset, size) in [
      (1, 1, 6, textOffset, text.count), (7, 1, 2, rodataOffset, rodata.count),
      (15, 3, 0, namesOffset, names.count),
      (25, 8, 3, namesOffset, zeros),
    ] {
      file += little(name, 4) + little(type, 4) + little(flags, 8) + little(0, 8) + little(offset, 8)
      file += little(size, 8) + little(0, 8) + little(type == 3 ? 1 : 8, 8) + little(0, 8)
    }
    return file
  }

  private static func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
