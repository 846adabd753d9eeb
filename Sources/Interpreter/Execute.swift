import Compartment

/// The loop: one case for each handler. It ends when the program does, and for the time of a helper; `machine` says why.
///
/// Takes and returns the cursor by value: behind an `inout` it would live in memory rather than in the processor's registers.
///
/// A case goes on to the next instruction with `continue`, ends the loop with `break run`, and jumps by falling out of the
/// switch, as far as the step's offset says.
@inline(never) @_optimize(speed)
func execute(_ start: StepCursor, _ bounds: AccessBounds, _ machine: inout Machine) -> StepCursor {
  var cursor = start
  run: while true {
    let step = cursor.take()
    let destination = step.destination
    let operand = step.operand
    switch step.handler {

    // MARK: Arithmetic of 32 bits. RFC 9669 §4.1
    case .add32Imm:
      destination.word = destination.word &+ operand.word
      continue
    case .add32Reg:
      destination.word = destination.word &+ operand.register.word
      continue
    case .sub32Reg:
      destination.word = destination.word &- operand.register.word
      continue
    case .mul32Imm:
      destination.word = destination.word &* operand.word
      continue
    case .mul32Reg:
      destination.word = destination.word &* operand.register.word
      continue
    case .div32Imm:
      destination.word = quotient(destination.word, operand.word)
      continue
    case .div32Reg:
      destination.word = quotient(destination.word, operand.register.word)
      continue
    case .sdiv32Imm:
      destination.signedWord = quotient(destination.signedWord, operand.signedWord)
      continue
    case .sdiv32Reg:
      destination.signedWord = quotient(destination.signedWord, operand.register.signedWord)
      continue
    case .or32Imm:
      destination.word = destination.word | operand.word
      continue
    case .or32Reg:
      destination.word = destination.word | operand.register.word
      continue
    case .and32Imm:
      destination.word = destination.word & operand.word
      continue
    case .and32Reg:
      destination.word = destination.word & operand.register.word
      continue
    case .lsh32Reg:
      destination.word = destination.word &<< operand.register.word
      continue
    case .rsh32Imm:
      destination.value = (UInt64(destination.word) &* UInt64(operand.word)) >> 32
      continue
    case .rsh32Reg:
      destination.word = destination.word &>> operand.register.word
      continue
    case .neg32:
      destination.word = 0 &- destination.word
      continue
    case .mod32Imm:
      destination.word = remainder(destination.word, operand.word)
      continue
    case .mod32Reg:
      destination.word = remainder(destination.word, operand.register.word)
      continue
    case .smod32Imm:
      destination.signedWord = remainder(destination.signedWord, operand.signedWord)
      continue
    case .smod32Reg:
      destination.signedWord = remainder(destination.signedWord, operand.register.signedWord)
      continue
    case .xor32Imm:
      destination.word = destination.word ^ operand.word
      continue
    case .xor32Reg:
      destination.word = destination.word ^ operand.register.word
      continue
    case .mov32Imm:
      destination.word = operand.word
      continue
    case .mov32Reg:
      destination.word = operand.register.word
      continue
    case .movsx8to32:
      destination.signedWord = Int32(operand.register.truncated(to: Int8.self))
      continue
    case .movsx16to32:
      destination.signedWord = Int32(operand.register.truncated(to: Int16.self))
      continue
    case .arsh32Imm:
      destination.signedWord = destination.signedWord &>> operand.signedWord
      continue
    case .arsh32Reg:
      destination.signedWord = destination.signedWord &>> operand.register.signedWord
      continue

    // MARK: Arithmetic of 64 bits. RFC 9669 §4.1
    case .add64Imm:
      destination.value = destination.value &+ operand.extended
      continue
    case .add64Reg:
      destination.value = destination.value &+ operand.register.value
      continue
    case .sub64Imm:
      destination.value = destination.value &- operand.extended
      continue
    case .sub64Reg:
      destination.value = destination.value &- operand.register.value
      continue
    case .mul64Imm:
      destination.value = destination.value &* operand.extended
      continue
    case .mul64Reg:
      destination.value = destination.value &* operand.register.value
      continue
    case .div64Imm:
      destination.value = quotient(destination.value, operand.extended)
      continue
    case .div64Reg:
      destination.value = quotient(destination.value, operand.register.value)
      continue
    case .sdiv64Imm:
      destination.signed = quotient(destination.signed, Int64(operand.signedWord))
      continue
    case .sdiv64Reg:
      destination.signed = quotient(destination.signed, operand.register.signed)
      continue
    case .or64Imm:
      destination.value = destination.value | operand.extended
      continue
    case .or64Reg:
      destination.value = destination.value | operand.register.value
      continue
    case .and64Imm:
      destination.value = destination.value & operand.extended
      continue
    case .and64Reg:
      destination.value = destination.value & operand.register.value
      continue
    case .lsh64Reg:
      destination.value = destination.value &<< operand.register.value
      continue
    case .rsh64Reg:
      destination.value = destination.value &>> operand.register.value
      continue
    case .neg64:
      destination.value = 0 &- destination.value
      continue
    case .mod64Imm:
      destination.value = remainder(destination.value, operand.extended)
      continue
    case .mod64Reg:
      destination.value = remainder(destination.value, operand.register.value)
      continue
    case .smod64Imm:
      destination.signed = remainder(destination.signed, Int64(operand.signedWord))
      continue
    case .smod64Reg:
      destination.signed = remainder(destination.signed, operand.register.signed)
      continue
    case .xor64Imm:
      destination.value = destination.value ^ operand.extended
      continue
    case .xor64Reg:
      destination.value = destination.value ^ operand.register.value
      continue
    case .mov64Imm:
      destination.value = operand.extended
      continue
    case .mov64Reg:
      destination.value = operand.register.value
      continue
    case .movsx8to64:
      destination.signed = Int64(operand.register.truncated(to: Int8.self))
      continue
    case .movsx16to64:
      destination.signed = Int64(operand.register.truncated(to: Int16.self))
      continue
    case .movsx32to64:
      destination.signed = Int64(operand.register.signedWord)
      continue
    case .arsh64Reg:
      destination.signed = destination.signed &>> operand.register.signed
      continue
    case .lsh64Short:
      destination.value = destination.value &* UInt64(operand.word)
      continue
    case .lsh64Long:
      destination.set(upper: destination.word &* operand.word, lower: 0)
      continue
    case .rsh64Short:
      let (upper, lower, factor) = (destination.upperWord, destination.word, UInt64(operand.word))
      destination.value = UInt64(upper) &* factor &+ (UInt64(lower) &* factor) >> 32
      continue
    case .rsh64Long:
      destination.value = (UInt64(destination.upperWord) &* UInt64(operand.word)) >> 32
      continue
    case .arsh64Imm:
      destination.signed = destination.signed &>> Int64(operand.signedWord)
      continue

    // MARK: Byte swaps. RFC 9669 §4.2
    case .truncate16:
      destination.value = UInt64(destination.truncated(to: UInt16.self))
      continue
    case .swap16:
      destination.value = UInt64(destination.truncated(to: UInt16.self).byteSwapped)
      continue
    case .swap32:
      destination.word = destination.word.byteSwapped
      continue
    case .swap64:
      destination.value = destination.value.byteSwapped
      continue

    // MARK: Jumps. RFC 9669 §4.3
    case .ja:
      guard !cursor.isSpent(&machine.budget) else {
        machine.trap(.budgetSpent)
        break run
      }
      cursor.skip(bytes: operand.distance)
      continue
    case .jeqImm:
      guard destination.value == operand.extended else { continue }
    case .jeqReg:
      guard destination.value == operand.register.value else { continue }
    case .jeq32Imm:
      guard destination.word == operand.word else { continue }
    case .jeq32Reg:
      guard destination.word == operand.register.word else { continue }
    case .jgtImm:
      guard destination.value > operand.extended else { continue }
    case .jgtReg:
      guard destination.value > operand.register.value else { continue }
    case .jgt32Imm:
      guard destination.word > operand.word else { continue }
    case .jgt32Reg:
      guard destination.word > operand.register.word else { continue }
    case .jgeImm:
      guard destination.value >= operand.extended else { continue }
    case .jgeReg:
      guard destination.value >= operand.register.value else { continue }
    case .jge32Imm:
      guard destination.word >= operand.word else { continue }
    case .jge32Reg:
      guard destination.word >= operand.register.word else { continue }
    case .jsetImm:
      guard destination.value & operand.extended != 0 else { continue }
    case .jsetReg:
      guard destination.value & operand.register.value != 0 else { continue }
    case .jset32Imm:
      guard destination.word & operand.word != 0 else { continue }
    case .jset32Reg:
      guard destination.word & operand.register.word != 0 else { continue }
    case .jneImm:
      guard destination.value != operand.extended else { continue }
    case .jneReg:
      guard destination.value != operand.register.value else { continue }
    case .jne32Imm:
      guard destination.word != operand.word else { continue }
    case .jne32Reg:
      guard destination.word != operand.register.word else { continue }
    case .jsgtImm:
      guard destination.signed > Int64(operand.signedWord) else { continue }
    case .jsgtReg:
      guard destination.signed > operand.register.signed else { continue }
    case .jsgt32Imm:
      guard destination.signedWord > operand.signedWord else { continue }
    case .jsgt32Reg:
      guard destination.signedWord > operand.register.signedWord else { continue }
    case .jsgeImm:
      guard destination.signed >= Int64(operand.signedWord) else { continue }
    case .jsgeReg:
      guard destination.signed >= operand.register.signed else { continue }
    case .jsge32Imm:
      guard destination.signedWord >= operand.signedWord else { continue }
    case .jsge32Reg:
      guard destination.signedWord >= operand.register.signedWord else { continue }
    case .jltImm:
      guard destination.value < operand.extended else { continue }
    case .jltReg:
      guard destination.value < operand.register.value else { continue }
    case .jlt32Imm:
      guard destination.word < operand.word else { continue }
    case .jlt32Reg:
      guard destination.word < operand.register.word else { continue }
    case .jleImm:
      guard destination.value <= operand.extended else { continue }
    case .jleReg:
      guard destination.value <= operand.register.value else { continue }
    case .jle32Imm:
      guard destination.word <= operand.word else { continue }
    case .jle32Reg:
      guard destination.word <= operand.register.word else { continue }
    case .jsltImm:
      guard destination.signed < Int64(operand.signedWord) else { continue }
    case .jsltReg:
      guard destination.signed < operand.register.signed else { continue }
    case .jslt32Imm:
      guard destination.signedWord < operand.signedWord else { continue }
    case .jslt32Reg:
      guard destination.signedWord < operand.register.signedWord else { continue }
    case .jsleImm:
      guard destination.signed <= Int64(operand.signedWord) else { continue }
    case .jsleReg:
      guard destination.signed <= operand.register.signed else { continue }
    case .jsle32Imm:
      guard destination.signedWord <= operand.signedWord else { continue }
    case .jsle32Reg:
      guard destination.signedWord <= operand.register.signedWord else { continue }

    // MARK: Calls. RFC 9669 §4.3.1
    case .callLocal:
      guard machine.registers.depth < machine.frames else {
        machine.trap(.callTooDeep)
        break run
      }
      guard !cursor.isSpent(&machine.budget) else {
        machine.trap(.budgetSpent)
        break run
      }
      machine.registers.push(calledFrom: cursor.current)
      cursor.skip(bytes: operand.distance)
      continue
    case .exit:
      guard !cursor.isSpent(&machine.budget) else {
        machine.trap(.budgetSpent)
        break run
      }
      guard machine.registers.depth > 1 else {
        machine.pause = .returned
        break run
      }
      cursor.skip(bytes: machine.registers.pop(from: cursor.current))
      continue
    case .callHelper:
      guard !cursor.isSpent(&machine.budget) else {
        machine.trap(.budgetSpent)
        break run
      }
      machine.pause = .helper(position: UInt8(truncatingIfNeeded: operand.word))
      break run
    case .callx:
      guard !cursor.isSpent(&machine.budget) else {
        machine.trap(.budgetSpent)
        break run
      }
      machine.pause = .helperIn(destination)
      break run

    // MARK: Loads and stores. RFC 9669 §5
    case .ldxb:
      guard let value: UInt8 = unsafe load(step, operand.register, bounds, &machine) else { break run }
      destination.value = UInt64(value)
      continue
    case .ldxh:
      guard let value: UInt16 = unsafe load(step, operand.register, bounds, &machine) else { break run }
      destination.value = UInt64(value)
      continue
    case .ldxw:
      guard let value: UInt32 = unsafe load(step, operand.register, bounds, &machine) else { break run }
      destination.value = UInt64(value)
      continue
    case .ldxdw:
      guard let value: UInt64 = unsafe load(step, operand.register, bounds, &machine) else { break run }
      destination.value = UInt64(value)
      continue
    case .ldxsb:
      guard let value: Int8 = unsafe load(step, operand.register, bounds, &machine) else { break run }
      destination.signed = Int64(value)
      continue
    case .ldxsh:
      guard let value: Int16 = unsafe load(step, operand.register, bounds, &machine) else { break run }
      destination.signed = Int64(value)
      continue
    case .ldxsw:
      guard let value: Int32 = unsafe load(step, operand.register, bounds, &machine) else { break run }
      destination.signed = Int64(value)
      continue
    case .stb:
      guard unsafe store(UInt8(truncatingIfNeeded: operand.signedWord), step, destination, bounds, &machine)
      else { break run }
      continue
    case .sth:
      guard unsafe store(UInt16(truncatingIfNeeded: operand.signedWord), step, destination, bounds, &machine)
      else { break run }
      continue
    case .stw:
      guard unsafe store(UInt32(truncatingIfNeeded: operand.signedWord), step, destination, bounds, &machine)
      else { break run }
      continue
    case .stdw:
      guard unsafe store(UInt64(truncatingIfNeeded: operand.signedWord), step, destination, bounds, &machine)
      else { break run }
      continue
    case .stxb:
      guard unsafe store(operand.register.truncated(to: UInt8.self), step, destination, bounds, &machine)
      else { break run }
      continue
    case .stxh:
      guard unsafe store(operand.register.truncated(to: UInt16.self), step, destination, bounds, &machine)
      else { break run }
      continue
    case .stxw:
      guard unsafe store(operand.register.word, step, destination, bounds, &machine)
      else { break run }
      continue
    case .stxdw:
      guard unsafe store(operand.register.value, step, destination, bounds, &machine)
      else { break run }
      continue
    case .atomic32:
      guard unsafe atomic(step, UInt32.self, bounds, &machine) else { break run }
      continue
    case .atomic64:
      guard unsafe atomic(step, UInt64.self, bounds, &machine) else { break run }
      continue

    case .trap:
      machine.trap(.checkFailed, UInt64(operand.word))
      break run

    // MARK: Wide loads. RFC 9669 §5.4
    case .lddw:
      destination.set(upper: cursor.takeUpperHalf(at: step.offset), lower: operand.word)
      continue

    // MARK: What the verifier refuses
    case .invalid:
      machine.trap(.invalidOperation)
      break run
    }
    guard !cursor.isSpent(&machine.budget) else {
      machine.trap(.budgetSpent)
      break run
    }
    cursor.skip(step.offset)
  }
  return cursor
}
