import BPF

/// What the loop does for a step. Each case of `BPF.Operation` that may run has one of the same name or a more special one.
///
/// Without gaps and without a raw value of its own, so that a switch over it is one jump through a table.
enum Handler: UInt8 {
  // Arithmetic of 32 bits
  case add32Imm, add32Reg, sub32Reg, mul32Imm, mul32Reg, div32Imm, div32Reg, sdiv32Imm, sdiv32Reg
  case or32Imm, or32Reg, and32Imm, and32Reg, lsh32Reg, rsh32Imm, rsh32Reg, neg32
  case mod32Imm, mod32Reg, smod32Imm, smod32Reg, xor32Imm, xor32Reg, mov32Imm, mov32Reg
  case movsx8to32, movsx16to32, arsh32Imm, arsh32Reg
  // Arithmetic of 64 bits. Shifts by an immediate are multiplications, see `Translation`.
  case add64Imm, add64Reg, sub64Imm, sub64Reg, mul64Imm, mul64Reg, div64Imm, div64Reg, sdiv64Imm, sdiv64Reg
  case or64Imm, or64Reg, and64Imm, and64Reg, lsh64Reg, rsh64Reg, neg64
  case mod64Imm, mod64Reg, smod64Imm, smod64Reg, xor64Imm, xor64Reg, mov64Imm, mov64Reg
  case movsx8to64, movsx16to64, movsx32to64, arsh64Reg
  case lsh64Short, lsh64Long, rsh64Short, rsh64Long, arsh64Imm
  // Byte order
  case truncate16, swap16, swap32, swap64
  // Jumps
  case ja
  case jeqImm, jeqReg, jgtImm, jgtReg, jgeImm, jgeReg, jsetImm, jsetReg, jneImm, jneReg, jsgtImm, jsgtReg
  case jsgeImm, jsgeReg, jltImm, jltReg, jleImm, jleReg, jsltImm, jsltReg, jsleImm, jsleReg
  case jeq32Imm, jeq32Reg, jgt32Imm, jgt32Reg, jge32Imm, jge32Reg, jset32Imm, jset32Reg, jne32Imm, jne32Reg
  case jsgt32Imm, jsgt32Reg, jsge32Imm, jsge32Reg, jlt32Imm, jlt32Reg, jle32Imm, jle32Reg, jslt32Imm
  case jslt32Reg, jsle32Imm, jsle32Reg
  // Calls
  case callLocal, callHelper, callx, exit, trap
  // Memory
  case ldxb, ldxh, ldxw, ldxdw, ldxsb, ldxsh, ldxsw, stb, sth, stw, stdw, stxb, stxh, stxw, stxdw
  case atomic32, atomic64
  /// A number of 64 bits, its upper half in the step behind.
  case lddw
  /// What verified programs do not contain.
  case invalid
}

extension Handler {
  /// What carries out the operation when nothing is known of its operands.
  init(_ operation: Operation) {
    self =
      switch operation {
      case .add32Imm, .sub32Imm: .add32Imm
      case .add32Reg: .add32Reg
      case .sub32Reg: .sub32Reg
      case .mul32Imm, .lsh32Imm: .mul32Imm
      case .mul32Reg: .mul32Reg
      case .div32Imm: .div32Imm
      case .sdiv32Imm: .sdiv32Imm
      case .div32Reg: .div32Reg
      case .sdiv32Reg: .sdiv32Reg
      case .or32Imm: .or32Imm
      case .or32Reg: .or32Reg
      case .and32Imm: .and32Imm
      case .and32Reg: .and32Reg
      case .lsh32Reg: .lsh32Reg
      case .rsh32Imm: .rsh32Imm
      case .rsh32Reg: .rsh32Reg
      case .neg32: .neg32
      case .mod32Imm: .mod32Imm
      case .smod32Imm: .smod32Imm
      case .mod32Reg: .mod32Reg
      case .smod32Reg: .smod32Reg
      case .xor32Imm: .xor32Imm
      case .xor32Reg: .xor32Reg
      case .mov32Imm: .mov32Imm
      case .mov32Reg, .le32: .mov32Reg
      case .movsx8to32: .movsx8to32
      case .movsx16to32: .movsx16to32
      case .arsh32Imm: .arsh32Imm
      case .arsh32Reg: .arsh32Reg
      case .add64Imm, .le64: .add64Imm
      case .add64Reg: .add64Reg
      case .sub64Imm: .sub64Imm
      case .sub64Reg: .sub64Reg
      case .mul64Imm: .mul64Imm
      case .mul64Reg: .mul64Reg
      case .div64Imm: .div64Imm
      case .sdiv64Imm: .sdiv64Imm
      case .div64Reg: .div64Reg
      case .sdiv64Reg: .sdiv64Reg
      case .or64Imm: .or64Imm
      case .or64Reg: .or64Reg
      case .and64Imm: .and64Imm
      case .and64Reg: .and64Reg
      case .lsh64Reg: .lsh64Reg
      case .rsh64Reg: .rsh64Reg
      case .neg64: .neg64
      case .mod64Imm: .mod64Imm
      case .smod64Imm: .smod64Imm
      case .mod64Reg: .mod64Reg
      case .smod64Reg: .smod64Reg
      case .xor64Imm: .xor64Imm
      case .xor64Reg: .xor64Reg
      case .mov64Imm: .mov64Imm
      case .mov64Reg: .mov64Reg
      case .movsx8to64: .movsx8to64
      case .movsx16to64: .movsx16to64
      case .movsx32to64: .movsx32to64
      case .arsh64Reg: .arsh64Reg
      case .ja, .ja32: .ja
      case .jeqImm: .jeqImm
      case .jeqReg: .jeqReg
      case .jgtImm: .jgtImm
      case .jgtReg: .jgtReg
      case .jgeImm: .jgeImm
      case .jgeReg: .jgeReg
      case .jsetImm: .jsetImm
      case .jsetReg: .jsetReg
      case .jneImm: .jneImm
      case .jneReg: .jneReg
      case .jsgtImm: .jsgtImm
      case .jsgtReg: .jsgtReg
      case .jsgeImm: .jsgeImm
      case .jsgeReg: .jsgeReg
      case .jltImm: .jltImm
      case .jltReg: .jltReg
      case .jleImm: .jleImm
      case .jleReg: .jleReg
      case .jsltImm: .jsltImm
      case .jsltReg: .jsltReg
      case .jsleImm: .jsleImm
      case .jsleReg: .jsleReg
      case .jeq32Imm: .jeq32Imm
      case .jeq32Reg: .jeq32Reg
      case .jgt32Imm: .jgt32Imm
      case .jgt32Reg: .jgt32Reg
      case .jge32Imm: .jge32Imm
      case .jge32Reg: .jge32Reg
      case .jset32Imm: .jset32Imm
      case .jset32Reg: .jset32Reg
      case .jne32Imm: .jne32Imm
      case .jne32Reg: .jne32Reg
      case .jsgt32Imm: .jsgt32Imm
      case .jsgt32Reg: .jsgt32Reg
      case .jsge32Imm: .jsge32Imm
      case .jsge32Reg: .jsge32Reg
      case .jlt32Imm: .jlt32Imm
      case .jlt32Reg: .jlt32Reg
      case .jle32Imm: .jle32Imm
      case .jle32Reg: .jle32Reg
      case .jslt32Imm: .jslt32Imm
      case .jslt32Reg: .jslt32Reg
      case .jsle32Imm: .jsle32Imm
      case .jsle32Reg: .jsle32Reg
      case .callHelper: .callHelper
      case .callLocal: .callLocal
      case .trap: .trap
      case .callx: .callx
      case .exit: .exit
      case .ldxb: .ldxb
      case .ldxh: .ldxh
      case .ldxw: .ldxw
      case .ldxdw: .ldxdw
      case .ldxsb: .ldxsb
      case .ldxsh: .ldxsh
      case .ldxsw: .ldxsw
      case .stb: .stb
      case .sth: .sth
      case .stw: .stw
      case .stdw: .stdw
      case .stxb: .stxb
      case .stxh: .stxh
      case .stxw: .stxw
      case .stxdw: .stxdw
      case .lddw, .lddwData, .lddwRodata: .lddw
      case .le16: .truncate16
      case .be16, .bswap16: .swap16
      case .be32, .bswap32: .swap32
      case .be64, .bswap64: .swap64
      case .lsh64Imm: .lsh64Short
      case .rsh64Imm: .rsh64Short
      case .arsh64Imm: .arsh64Imm
      case .atomicAdd32, .atomicFetchAdd32, .atomicOr32, .atomicFetchOr32, .atomicAnd32,
        .atomicFetchAnd32, .atomicXor32, .atomicFetchXor32, .xchg32, .cmpxchg32:
        .atomic32
      case .atomicAdd64, .atomicFetchAdd64, .atomicOr64, .atomicFetchOr64, .atomicAnd64,
        .atomicFetchAnd64, .atomicXor64, .atomicFetchXor64, .xchg64, .cmpxchg64:
        .atomic64
      case .callBTF, .lddwMapByDescriptor, .lddwMapValueByDescriptor, .lddwVariable, .lddwCode,
        .lddwMapByIndex, .lddwMapValueByIndex, .wideUpperHalf, .ldabsb, .ldabsh, .ldabsw, .ldindb,
        .ldindh, .ldindw:
        .invalid
      }
  }
}
