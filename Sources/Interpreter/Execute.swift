import BPF
import Compartment
import Helpers

/// The loop: one case for each operation, so that a new operation does not compile until it has a meaning here.
///
/// Returns where it stopped, right behind the last instruction. Takes and returns the cursor by value: behind an `inout` it
/// would live in memory rather than in the processor's registers.
///
/// A case goes on to the next instruction with `continue`, stops the program with `break run`, and jumps by falling out of the
/// switch with a `distance`.
@inline(never) @_optimize(speed)
func execute<Host: HelperHost & ~Copyable>(
  _ start: Registers, from first: InstructionCursor, granted: HelperSet,
  memory: inout CompartmentMemory, host: inout Host, stop: inout Stop
) -> InstructionCursor {
  var registers = start
  var pc = first
  let frames = memory.frames
  run: while true {
    let instruction = pc.take()
    let destination = registers[instruction.destination]
    var source: RegisterReference { @inline(__always) get { registers[instruction.source] } }
    let distance: Int
    switch instruction.operation {

    // MARK: Arithmetic of 32 bits. RFC 9669 §4.1
    case .add32Imm:
      destination.word = destination.word &+ instruction.word
      continue
    case .add32Reg:
      destination.word = destination.word &+ source.word
      continue
    case .sub32Imm:
      destination.word = destination.word &- instruction.word
      continue
    case .sub32Reg:
      destination.word = destination.word &- source.word
      continue
    case .mul32Imm:
      destination.word = destination.word &* instruction.word
      continue
    case .mul32Reg:
      destination.word = destination.word &* source.word
      continue
    case .div32Imm:
      destination.word = quotient(destination.word, instruction.word)
      continue
    case .div32Reg:
      destination.word = quotient(destination.word, source.word)
      continue
    case .sdiv32Imm:
      destination.signedWord = quotient(destination.signedWord, instruction.immediate)
      continue
    case .sdiv32Reg:
      destination.signedWord = quotient(destination.signedWord, source.signedWord)
      continue
    case .or32Imm:
      destination.word = destination.word | instruction.word
      continue
    case .or32Reg:
      destination.word = destination.word | source.word
      continue
    case .and32Imm:
      destination.word = destination.word & instruction.word
      continue
    case .and32Reg:
      destination.word = destination.word & source.word
      continue
    case .lsh32Imm:
      destination.word = destination.word &<< instruction.word
      continue
    case .lsh32Reg:
      destination.word = destination.word &<< source.word
      continue
    case .rsh32Imm:
      destination.word = destination.word &>> instruction.word
      continue
    case .rsh32Reg:
      destination.word = destination.word &>> source.word
      continue
    case .neg32:
      destination.word = 0 &- destination.word
      continue
    case .mod32Imm:
      destination.word = remainder(destination.word, instruction.word)
      continue
    case .mod32Reg:
      destination.word = remainder(destination.word, source.word)
      continue
    case .smod32Imm:
      destination.signedWord = remainder(destination.signedWord, instruction.immediate)
      continue
    case .smod32Reg:
      destination.signedWord = remainder(destination.signedWord, source.signedWord)
      continue
    case .xor32Imm:
      destination.word = destination.word ^ instruction.word
      continue
    case .xor32Reg:
      destination.word = destination.word ^ source.word
      continue
    case .mov32Imm:
      destination.word = instruction.word
      continue
    case .mov32Reg:
      destination.word = source.word
      continue
    case .movsx8to32:
      destination.signedWord = Int32(source.truncated(to: Int8.self))
      continue
    case .movsx16to32:
      destination.signedWord = Int32(source.truncated(to: Int16.self))
      continue
    case .arsh32Imm:
      destination.signedWord = destination.signedWord &>> instruction.immediate
      continue
    case .arsh32Reg:
      destination.signedWord = destination.signedWord &>> source.signedWord
      continue

    // MARK: Arithmetic of 64 bits. RFC 9669 §4.1
    case .add64Imm:
      destination.value = destination.value &+ instruction.extended
      continue
    case .add64Reg:
      destination.value = destination.value &+ source.value
      continue
    case .sub64Imm:
      destination.value = destination.value &- instruction.extended
      continue
    case .sub64Reg:
      destination.value = destination.value &- source.value
      continue
    case .mul64Imm:
      destination.value = destination.value &* instruction.extended
      continue
    case .mul64Reg:
      destination.value = destination.value &* source.value
      continue
    case .div64Imm:
      destination.value = quotient(destination.value, instruction.extended)
      continue
    case .div64Reg:
      destination.value = quotient(destination.value, source.value)
      continue
    case .sdiv64Imm:
      destination.signed = quotient(destination.signed, Int64(instruction.immediate))
      continue
    case .sdiv64Reg:
      destination.signed = quotient(destination.signed, source.signed)
      continue
    case .or64Imm:
      destination.value = destination.value | instruction.extended
      continue
    case .or64Reg:
      destination.value = destination.value | source.value
      continue
    case .and64Imm:
      destination.value = destination.value & instruction.extended
      continue
    case .and64Reg:
      destination.value = destination.value & source.value
      continue
    case .lsh64Imm:
      destination.value = destination.value &<< instruction.extended
      continue
    case .lsh64Reg:
      destination.value = destination.value &<< source.value
      continue
    case .rsh64Imm:
      destination.value = destination.value &>> instruction.extended
      continue
    case .rsh64Reg:
      destination.value = destination.value &>> source.value
      continue
    case .neg64:
      destination.value = 0 &- destination.value
      continue
    case .mod64Imm:
      destination.value = remainder(destination.value, instruction.extended)
      continue
    case .mod64Reg:
      destination.value = remainder(destination.value, source.value)
      continue
    case .smod64Imm:
      destination.signed = remainder(destination.signed, Int64(instruction.immediate))
      continue
    case .smod64Reg:
      destination.signed = remainder(destination.signed, source.signed)
      continue
    case .xor64Imm:
      destination.value = destination.value ^ instruction.extended
      continue
    case .xor64Reg:
      destination.value = destination.value ^ source.value
      continue
    case .mov64Imm:
      destination.value = instruction.extended
      continue
    case .mov64Reg:
      destination.value = source.value
      continue
    case .movsx8to64:
      destination.signed = Int64(source.truncated(to: Int8.self))
      continue
    case .movsx16to64:
      destination.signed = Int64(source.truncated(to: Int16.self))
      continue
    case .movsx32to64:
      destination.signed = Int64(source.truncated(to: Int32.self))
      continue
    case .arsh64Imm:
      destination.signed = destination.signed &>> Int64(instruction.immediate)
      continue
    case .arsh64Reg:
      destination.signed = destination.signed &>> source.signed
      continue

    // MARK: Byte swaps. RFC 9669 §4.2
    case .le16:
      destination.value = UInt64(destination.truncated(to: UInt16.self).littleEndian)
      continue
    case .le32:
      destination.value = UInt64(destination.truncated(to: UInt32.self).littleEndian)
      continue
    case .le64:
      destination.value = destination.value.littleEndian
      continue
    case .be16:
      destination.value = UInt64(destination.truncated(to: UInt16.self).bigEndian)
      continue
    case .be32:
      destination.value = UInt64(destination.truncated(to: UInt32.self).bigEndian)
      continue
    case .be64:
      destination.value = destination.value.bigEndian
      continue
    case .bswap16:
      destination.value = UInt64(destination.truncated(to: UInt16.self).byteSwapped)
      continue
    case .bswap32:
      destination.value = UInt64(destination.truncated(to: UInt32.self).byteSwapped)
      continue
    case .bswap64:
      destination.value = destination.value.byteSwapped
      continue

    // MARK: Jumps. RFC 9669 §4.3
    case .ja:
      distance = instruction.offset
    case .ja32:
      distance = Int(instruction.immediate)
    case .jeqImm:
      guard destination.value == instruction.extended else { continue }
      distance = instruction.offset
    case .jeqReg:
      guard destination.value == source.value else { continue }
      distance = instruction.offset
    case .jeq32Imm:
      guard destination.word == instruction.word else { continue }
      distance = instruction.offset
    case .jeq32Reg:
      guard destination.word == source.word else { continue }
      distance = instruction.offset
    case .jgtImm:
      guard destination.value > instruction.extended else { continue }
      distance = instruction.offset
    case .jgtReg:
      guard destination.value > source.value else { continue }
      distance = instruction.offset
    case .jgt32Imm:
      guard destination.word > instruction.word else { continue }
      distance = instruction.offset
    case .jgt32Reg:
      guard destination.word > source.word else { continue }
      distance = instruction.offset
    case .jgeImm:
      guard destination.value >= instruction.extended else { continue }
      distance = instruction.offset
    case .jgeReg:
      guard destination.value >= source.value else { continue }
      distance = instruction.offset
    case .jge32Imm:
      guard destination.word >= instruction.word else { continue }
      distance = instruction.offset
    case .jge32Reg:
      guard destination.word >= source.word else { continue }
      distance = instruction.offset
    case .jsetImm:
      guard destination.value & instruction.extended != 0 else { continue }
      distance = instruction.offset
    case .jsetReg:
      guard destination.value & source.value != 0 else { continue }
      distance = instruction.offset
    case .jset32Imm:
      guard destination.word & instruction.word != 0 else { continue }
      distance = instruction.offset
    case .jset32Reg:
      guard destination.word & source.word != 0 else { continue }
      distance = instruction.offset
    case .jneImm:
      guard destination.value != instruction.extended else { continue }
      distance = instruction.offset
    case .jneReg:
      guard destination.value != source.value else { continue }
      distance = instruction.offset
    case .jne32Imm:
      guard destination.word != instruction.word else { continue }
      distance = instruction.offset
    case .jne32Reg:
      guard destination.word != source.word else { continue }
      distance = instruction.offset
    case .jsgtImm:
      guard destination.signed > Int64(instruction.immediate) else { continue }
      distance = instruction.offset
    case .jsgtReg:
      guard destination.signed > source.signed else { continue }
      distance = instruction.offset
    case .jsgt32Imm:
      guard destination.signedWord > instruction.immediate else { continue }
      distance = instruction.offset
    case .jsgt32Reg:
      guard destination.signedWord > source.signedWord else { continue }
      distance = instruction.offset
    case .jsgeImm:
      guard destination.signed >= Int64(instruction.immediate) else { continue }
      distance = instruction.offset
    case .jsgeReg:
      guard destination.signed >= source.signed else { continue }
      distance = instruction.offset
    case .jsge32Imm:
      guard destination.signedWord >= instruction.immediate else { continue }
      distance = instruction.offset
    case .jsge32Reg:
      guard destination.signedWord >= source.signedWord else { continue }
      distance = instruction.offset
    case .jltImm:
      guard destination.value < instruction.extended else { continue }
      distance = instruction.offset
    case .jltReg:
      guard destination.value < source.value else { continue }
      distance = instruction.offset
    case .jlt32Imm:
      guard destination.word < instruction.word else { continue }
      distance = instruction.offset
    case .jlt32Reg:
      guard destination.word < source.word else { continue }
      distance = instruction.offset
    case .jleImm:
      guard destination.value <= instruction.extended else { continue }
      distance = instruction.offset
    case .jleReg:
      guard destination.value <= source.value else { continue }
      distance = instruction.offset
    case .jle32Imm:
      guard destination.word <= instruction.word else { continue }
      distance = instruction.offset
    case .jle32Reg:
      guard destination.word <= source.word else { continue }
      distance = instruction.offset
    case .jsltImm:
      guard destination.signed < Int64(instruction.immediate) else { continue }
      distance = instruction.offset
    case .jsltReg:
      guard destination.signed < source.signed else { continue }
      distance = instruction.offset
    case .jslt32Imm:
      guard destination.signedWord < instruction.immediate else { continue }
      distance = instruction.offset
    case .jslt32Reg:
      guard destination.signedWord < source.signedWord else { continue }
      distance = instruction.offset
    case .jsleImm:
      guard destination.signed <= Int64(instruction.immediate) else { continue }
      distance = instruction.offset
    case .jsleReg:
      guard destination.signed <= source.signed else { continue }
      distance = instruction.offset
    case .jsle32Imm:
      guard destination.signedWord <= instruction.immediate else { continue }
      distance = instruction.offset
    case .jsle32Reg:
      guard destination.signedWord <= source.signedWord else { continue }
      distance = instruction.offset

    // MARK: Calls. RFC 9669 §4.3.1
    case .callLocal:
      guard registers.depth < frames else {
        stop.rule = .callTooDeep
        break run
      }
      registers.push(returnTo: pc.address)
      distance = Int(instruction.immediate)
    case .exit:
      guard !pc.isSpent() else {
        stop.rule = .budgetSpent
        break run
      }
      guard registers.depth > 1 else { break run }
      pc.go(to: registers.pop())
      continue
    case .callHelper:
      guard !pc.isSpent() else {
        stop.rule = .budgetSpent
        break run
      }
      guard let helper = Helper(position: instruction.resolved) else {
        stop.rule = .invalidOperation
        break run
      }
      guard call(helper, registers, memory: &memory, host: &host, stop: &stop) else { break run }
      continue
    case .callx:
      guard !pc.isSpent() else {
        stop.rule = .budgetSpent
        break run
      }
      guard let helper = helper(numbered: destination.value, granted: granted, stop: &stop),
        call(helper, registers, memory: &memory, host: &host, stop: &stop)
      else { break run }
      continue

    // MARK: Loads and stores. RFC 9669 §5
    case .ldxb:
      guard let value: UInt8 = load(instruction, source, memory, &stop) else { break run }
      destination.value = UInt64(value)
      continue
    case .ldxh:
      guard let value: UInt16 = load(instruction, source, memory, &stop) else { break run }
      destination.value = UInt64(value)
      continue
    case .ldxw:
      guard let value: UInt32 = load(instruction, source, memory, &stop) else { break run }
      destination.value = UInt64(value)
      continue
    case .ldxdw:
      guard let value: UInt64 = load(instruction, source, memory, &stop) else { break run }
      destination.value = UInt64(value)
      continue
    case .ldxsb:
      guard let value: Int8 = load(instruction, source, memory, &stop) else { break run }
      destination.signed = Int64(value)
      continue
    case .ldxsh:
      guard let value: Int16 = load(instruction, source, memory, &stop) else { break run }
      destination.signed = Int64(value)
      continue
    case .ldxsw:
      guard let value: Int32 = load(instruction, source, memory, &stop) else { break run }
      destination.signed = Int64(value)
      continue
    case .stb:
      guard store(UInt8(truncatingIfNeeded: instruction.immediate), instruction, destination, memory, &stop)
      else { break run }
      continue
    case .sth:
      guard store(UInt16(truncatingIfNeeded: instruction.immediate), instruction, destination, memory, &stop)
      else { break run }
      continue
    case .stw:
      guard store(UInt32(truncatingIfNeeded: instruction.immediate), instruction, destination, memory, &stop)
      else { break run }
      continue
    case .stdw:
      guard store(UInt64(truncatingIfNeeded: instruction.immediate), instruction, destination, memory, &stop)
      else { break run }
      continue
    case .stxb:
      guard store(source.truncated(to: UInt8.self), instruction, destination, memory, &stop) else {
        break run
      }
      continue
    case .stxh:
      guard store(source.truncated(to: UInt16.self), instruction, destination, memory, &stop) else {
        break run
      }
      continue
    case .stxw:
      guard store(source.truncated(to: UInt32.self), instruction, destination, memory, &stop) else {
        break run
      }
      continue
    case .stxdw:
      guard store(source.truncated(to: UInt64.self), instruction, destination, memory, &stop) else {
        break run
      }
      continue
    case .atomicAdd32, .atomicFetchAdd32, .atomicOr32, .atomicFetchOr32, .atomicAnd32, .atomicFetchAnd32,
      .atomicXor32, .atomicFetchXor32, .xchg32, .cmpxchg32:
      guard atomic(instruction, registers, UInt32.self, memory: &memory, stop: &stop) else { break run }
      continue
    case .atomicAdd64, .atomicFetchAdd64, .atomicOr64, .atomicFetchOr64, .atomicAnd64, .atomicFetchAnd64,
      .atomicXor64, .atomicFetchXor64, .xchg64, .cmpxchg64:
      guard atomic(instruction, registers, UInt64.self, memory: &memory, stop: &stop) else { break run }
      continue

    case .trap:
      stop.rule = .checkFailed
      stop.address = UInt64(instruction.word)
      break run

    // MARK: Wide loads. RFC 9669 §5.4
    case .lddw:
      destination.value = UInt64(instruction.word) | UInt64(pc.takeUpperHalf()) << 32
      continue
    case .lddwData:
      destination.value = memory.dataAddress &+ (UInt64(instruction.word) | UInt64(pc.takeUpperHalf()) << 32)
      continue
    case .lddwRodata:
      destination.value =
        memory.rodataAddress &+ (UInt64(instruction.word) | UInt64(pc.takeUpperHalf()) << 32)
      continue

    // MARK: What the verifier refuses
    case .callBTF, .lddwMapByDescriptor, .lddwMapValueByDescriptor, .lddwVariable, .lddwCode, .lddwMapByIndex,
      .lddwMapValueByIndex, .wideUpperHalf, .ldabsb, .ldabsh, .ldabsw, .ldindb, .ldindh, .ldindw:
      stop.rule = .invalidOperation
      break run
    }
    guard !pc.isSpent() else {
      stop.rule = .budgetSpent
      break run
    }
    pc.skip(distance)
  }
  return pc
}
