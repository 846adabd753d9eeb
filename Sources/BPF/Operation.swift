/// Every instruction of RFC 9669, and the two wide loads Femto-Containers adds: the one table of the instruction set.
///
/// The raw value is the opcode byte, and in bits 8..<16 the variant: what the field that the opcode leaves for telling
/// its operations apart has to hold (`Operation.variantField`). Everything else about an operation is computed from
/// these bits. Operations that share an opcode stand together, which the decoder relies on.
public enum Operation: UInt16, CaseIterable, Sendable {
  // Arithmetic on the low 32 bits, the result zero-extended. RFC 9669 §4.1
  case add32Imm = 0x0004
  case add32Reg = 0x000C
  case sub32Imm = 0x0014
  case sub32Reg = 0x001C
  case mul32Imm = 0x0024
  case mul32Reg = 0x002C
  case div32Imm = 0x0034
  case sdiv32Imm = 0x0134
  case div32Reg = 0x003C
  case sdiv32Reg = 0x013C
  case or32Imm = 0x0044
  case or32Reg = 0x004C
  case and32Imm = 0x0054
  case and32Reg = 0x005C
  case lsh32Imm = 0x0064
  case lsh32Reg = 0x006C
  case rsh32Imm = 0x0074
  case rsh32Reg = 0x007C
  case neg32 = 0x0084
  case mod32Imm = 0x0094
  case smod32Imm = 0x0194
  case mod32Reg = 0x009C
  case smod32Reg = 0x019C
  case xor32Imm = 0x00A4
  case xor32Reg = 0x00AC
  case mov32Imm = 0x00B4
  case mov32Reg = 0x00BC
  case movsx8to32 = 0x08BC
  case movsx16to32 = 0x10BC
  case arsh32Imm = 0x00C4
  case arsh32Reg = 0x00CC

  // Arithmetic on 64 bits. RFC 9669 §4.1
  case add64Imm = 0x0007
  case add64Reg = 0x000F
  case sub64Imm = 0x0017
  case sub64Reg = 0x001F
  case mul64Imm = 0x0027
  case mul64Reg = 0x002F
  case div64Imm = 0x0037
  case sdiv64Imm = 0x0137
  case div64Reg = 0x003F
  case sdiv64Reg = 0x013F
  case or64Imm = 0x0047
  case or64Reg = 0x004F
  case and64Imm = 0x0057
  case and64Reg = 0x005F
  case lsh64Imm = 0x0067
  case lsh64Reg = 0x006F
  case rsh64Imm = 0x0077
  case rsh64Reg = 0x007F
  case neg64 = 0x0087
  case mod64Imm = 0x0097
  case smod64Imm = 0x0197
  case mod64Reg = 0x009F
  case smod64Reg = 0x019F
  case xor64Imm = 0x00A7
  case xor64Reg = 0x00AF
  case mov64Imm = 0x00B7
  case mov64Reg = 0x00BF
  case movsx8to64 = 0x08BF
  case movsx16to64 = 0x10BF
  case movsx32to64 = 0x20BF
  case arsh64Imm = 0x00C7
  case arsh64Reg = 0x00CF

  // Byte swaps: to little endian, to big endian, always. RFC 9669 §4.2
  case le16 = 0x10D4
  case le32 = 0x20D4
  case le64 = 0x40D4
  case be16 = 0x10DC
  case be32 = 0x20DC
  case be64 = 0x40DC
  case bswap16 = 0x10D7
  case bswap32 = 0x20D7
  case bswap64 = 0x40D7

  // Jumps and calls. RFC 9669 §4.3
  case ja = 0x0005
  case ja32 = 0x0006
  case jeqImm = 0x0015
  case jeqReg = 0x001D
  case jgtImm = 0x0025
  case jgtReg = 0x002D
  case jgeImm = 0x0035
  case jgeReg = 0x003D
  case jsetImm = 0x0045
  case jsetReg = 0x004D
  case jneImm = 0x0055
  case jneReg = 0x005D
  case jsgtImm = 0x0065
  case jsgtReg = 0x006D
  case jsgeImm = 0x0075
  case jsgeReg = 0x007D
  case jltImm = 0x00A5
  case jltReg = 0x00AD
  case jleImm = 0x00B5
  case jleReg = 0x00BD
  case jsltImm = 0x00C5
  case jsltReg = 0x00CD
  case jsleImm = 0x00D5
  case jsleReg = 0x00DD
  case jeq32Imm = 0x0016
  case jeq32Reg = 0x001E
  case jgt32Imm = 0x0026
  case jgt32Reg = 0x002E
  case jge32Imm = 0x0036
  case jge32Reg = 0x003E
  case jset32Imm = 0x0046
  case jset32Reg = 0x004E
  case jne32Imm = 0x0056
  case jne32Reg = 0x005E
  case jsgt32Imm = 0x0066
  case jsgt32Reg = 0x006E
  case jsge32Imm = 0x0076
  case jsge32Reg = 0x007E
  case jlt32Imm = 0x00A6
  case jlt32Reg = 0x00AE
  case jle32Imm = 0x00B6
  case jle32Reg = 0x00BE
  case jslt32Imm = 0x00C6
  case jslt32Reg = 0x00CE
  case jsle32Imm = 0x00D6
  case jsle32Reg = 0x00DE
  /// Calls the helper whose number is the immediate.
  case callHelper = 0x0085
  /// Calls the function that starts `immediate` slots after the next instruction.
  case callLocal = 0x0185
  /// Calls a kernel function by its BTF number: decodes, never runs here.
  case callBTF = 0x0285
  /// Calls the helper whose number is in the destination register (the encoding LLVM emits).
  case callx = 0x008D
  case exit = 0x0095

  // Loads, zero-extending, then sign-extending. RFC 9669 §5.1, §5.2
  case ldxb = 0x0071
  case ldxh = 0x0069
  case ldxw = 0x0061
  case ldxdw = 0x0079
  case ldxsb = 0x0091
  case ldxsh = 0x0089
  case ldxsw = 0x0081

  // Stores of the immediate and of the source register. RFC 9669 §5.1
  case stb = 0x0072
  case sth = 0x006A
  case stw = 0x0062
  case stdw = 0x007A
  case stxb = 0x0073
  case stxh = 0x006B
  case stxw = 0x0063
  case stxdw = 0x007B

  // Atomic read-modify-write. RFC 9669 §5.3
  case atomicAdd32 = 0x00C3
  case atomicFetchAdd32 = 0x01C3
  case atomicOr32 = 0x40C3
  case atomicFetchOr32 = 0x41C3
  case atomicAnd32 = 0x50C3
  case atomicFetchAnd32 = 0x51C3
  case atomicXor32 = 0xA0C3
  case atomicFetchXor32 = 0xA1C3
  case xchg32 = 0xE1C3
  case cmpxchg32 = 0xF1C3
  case atomicAdd64 = 0x00DB
  case atomicFetchAdd64 = 0x01DB
  case atomicOr64 = 0x40DB
  case atomicFetchOr64 = 0x41DB
  case atomicAnd64 = 0x50DB
  case atomicFetchAnd64 = 0x51DB
  case atomicXor64 = 0xA0DB
  case atomicFetchXor64 = 0xA1DB
  case xchg64 = 0xE1DB
  case cmpxchg64 = 0xF1DB

  // Wide loads of two slots, by the source field. RFC 9669 §5.4
  /// A 64-bit number.
  case lddw = 0x0018
  case lddwMapByDescriptor = 0x0118
  case lddwMapValueByDescriptor = 0x0218
  case lddwVariable = 0x0318
  case lddwCode = 0x0418
  case lddwMapByIndex = 0x0518
  case lddwMapValueByIndex = 0x0618
  /// Femto-Containers: the number plus the address of the program's data section.
  case lddwData = 0x00B8
  /// Femto-Containers: the number plus the address of the program's read-only data section.
  case lddwRodata = 0x00D8
  /// The second slot of a wide load: its immediate is the upper half of the number.
  case wideUpperHalf = 0x0000

  // Legacy packet access, from absolute and from register-relative offsets. RFC 9669 §5.5
  case ldabsb = 0x0030
  case ldabsh = 0x0028
  case ldabsw = 0x0020
  case ldindb = 0x0050
  case ldindh = 0x0048
  case ldindw = 0x0040
}
