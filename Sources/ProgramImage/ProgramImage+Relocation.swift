import BPF
import Bytes
import ELF

/// What a symbol turned out to be.
private enum Target {
  /// `offset` bytes into a region. May lie outside it: compilers keep addresses they add something to.
  case place(Region, offset: UInt64)
  /// The function that LLVM calls when a check has failed.
  case trap
}

extension ProgramImage {
  /// The function that LLVM's BPF target calls where others have an instruction that traps.
  public static var trapName: StaticString { "__bpf_trap" }

  /// Puts regions' offsets into wide loads and distances into calls.
  func relocateText(
    of file: borrowing ELFFile, in instructions: inout MutableSpan<Instruction>
  ) throws(ImageError) {
    for index in 0..<file.sectionCount {
      guard let table = try file.relocations(at: index),
        let position = segments.index(ofSection: table.target)
      else { continue }
      let segment = segments[position]
      guard segment.region == .text else { continue }
      for number in 0..<table.count {
        let relocation = try file.checked { file throws(ELFError) in
          try file.relocation(at: number, in: table)
        }
        guard relocation.offset % 8 == 0, relocation.offset < UInt64(segment.size) else {
          throw outside(relocation, number, of: segment)
        }
        let slot = (segment.place + Int(relocation.offset)) / 8
        let target = try target(of: relocation, in: table, of: file)
        switch relocation.type {
        case .wideLoad:
          let end = (segment.place + segment.size) / 8
          try relocateWideLoad(relocation, number, to: target, at: slot, before: end, in: &instructions)
        case .call:
          try relocateCall(relocation, number, to: target, at: slot, in: &instructions)
        default:
          throw .refused(.unsupportedRelocation, at: number, found: Int64(relocation.type.rawValue))
        }
      }
    }
  }

  private func relocateWideLoad(
    _ relocation: ELFRelocation, _ number: Int, to target: Target, at slot: Int, before end: Int,
    in instructions: inout MutableSpan<Instruction>
  ) throws(ImageError) {
    let first = instructions[slot]
    guard first.operation == .lddw, slot + 1 < end, instructions[slot + 1].operation == .wideUpperHalf else {
      throw .refused(.relocationMismatch, at: number, found: Int64(first.operation.opcode))
    }
    let number64 =
      UInt64(UInt32(bitPattern: first.immediate))
      | UInt64(UInt32(bitPattern: instructions[slot + 1].immediate)) << 32
    guard case .place(let region, let offset) = target, region != .text else {
      throw .refused(.functionAddress, at: number)
    }
    let value = offset &+ (relocation.addend.map { UInt64(bitPattern: $0) } ?? number64)
    instructions[slot] = Instruction(
      region == .rodata ? .lddwRodata : .lddwData, destination: first.destination,
      immediate: Int32(truncatingIfNeeded: value))
    instructions[slot + 1] = Instruction(.wideUpperHalf, immediate: Int32(truncatingIfNeeded: value >> 32))
  }

  private func relocateCall(
    _ relocation: ELFRelocation, _ number: Int, to target: Target, at slot: Int,
    in instructions: inout MutableSpan<Instruction>
  ) throws(ImageError) {
    let call = instructions[slot]
    guard call.operation == .callLocal else {
      throw .refused(.relocationMismatch, at: number, found: Int64(call.operation.opcode))
    }
    switch target {
    case .trap:
      instructions[slot] = Instruction(.trap)
    case .place(.text, let offset):
      // At the place stands the distance from the next slot to the symbol, in slots, as if both were the same.
      let addend = relocation.addend ?? (Int64(call.immediate) + 1) * 8
      let destination = Int64(bitPattern: offset) &+ addend
      guard destination % 8 == 0, let distance = Int32(exactly: destination / 8 - Int64(slot) - 1) else {
        throw .refused(.callTarget, at: number, found: destination)
      }
      instructions[slot] = Instruction(.callLocal, immediate: distance)
    case .place:
      throw .refused(.callOfData, at: number)
    }
  }

  /// Puts addresses into the pointers among the data.
  func relocateData(
    of file: borrowing ELFFile, in data: inout MutableSpan<UInt8>, dataAddress: UInt64, rodataAddress: UInt64
  ) throws(ImageError) {
    for index in 0..<file.sectionCount {
      guard let table = try file.relocations(at: index),
        let position = segments.index(ofSection: table.target)
      else { continue }
      let segment = segments[position]
      guard segment.region == .data else { continue }
      for number in 0..<table.count {
        let relocation = try file.checked { file throws(ELFError) in
          try file.relocation(at: number, in: table)
        }
        guard segment.size >= 8, relocation.offset <= UInt64(segment.size - 8) else {
          throw outside(relocation, number, of: segment)
        }
        guard relocation.type == .absolute64 else {
          throw .refused(.unsupportedRelocation, at: number, found: Int64(relocation.type.rawValue))
        }
        let target = try target(of: relocation, in: table, of: file)
        guard case .place(let region, let offset) = target, region != .text else {
          throw .refused(.functionAddress, at: number)
        }
        let place = Int(relocation.offset)
        let stored: UInt64 = bytes.littleEndian(at: segment.fileOffset + place)
        let addend = relocation.addend.map { UInt64(bitPattern: $0) } ?? stored
        let value = (region == .rodata ? rodataAddress : dataAddress) &+ offset &+ addend
        for byte in 0..<8 {
          data[segment.place + place + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte))
        }
      }
    }
  }

  private func outside(_ relocation: ELFRelocation, _ number: Int, of segment: Segment) -> ImageError {
    .refused(
      .relocationOutside, at: number, found: Int64(clamping: relocation.offset), expected: Int64(segment.size)
    )
  }

  /// What the symbol of a relocation is.
  private func target(
    of relocation: ELFRelocation, in table: RelocationTable, of file: borrowing ELFFile
  ) throws(ImageError) -> Target {
    let symbols = try file.checked { file throws(ELFError) in
      try file.symbolTable(in: try file.section(at: table.symbols))
    }
    let index = Int(exactly: relocation.symbol) ?? .max
    let symbol = try file.checkedSymbol(at: index, in: symbols)
    guard symbol.section != ELFSymbol.undefined else {
      let isTrap: Bool
      do throws(ELFError) { isTrap = try file.hasName(Self.trapName.bytes, symbol, in: symbols) } catch {
        throw .elf(error)
      }
      if isTrap { return .trap }
      let name = try file.checked { file throws(ELFError) in try file.nameRange(of: symbol, in: symbols) }
      throw .refused(
        .undefinedSymbol, at: index, found: Int64(name.lowerBound), expected: Int64(name.count))
    }
    guard symbol.section < ELFSymbol.firstReserved,
      let position = segments.index(ofSection: UInt32(symbol.section))
    else { throw .refused(.symbolOutsideProgram, at: index, found: Int64(symbol.section)) }
    let segment = segments[position]
    return .place(
      segment.region, offset: UInt64(truncatingIfNeeded: segments.place(of: segment)) &+ symbol.value)
  }
}
