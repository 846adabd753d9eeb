import Thumb2
public import Verifier

/// Who keeps a compiled program within its compartment.
public enum Isolation: UInt8, CaseIterable, Sendable {
  /// Every access that the verifier could not prove is checked by the code itself: works on any core.
  case checked
  /// The memory protection unit: the code has no checks and must run behind it, unprivileged.
  case hardware
}

/// What the code is compiled for. Addresses are the device's, of 32 bits.
public struct NativeEnvironment: Sendable {
  public var isolation: Isolation
  /// Where the program's regions lie. The code is right for these alone.
  public var arena: UInt32
  /// Bytes of the arena: a power of two, at least 1024.
  public var arenaSize: UInt32
  public var data: UInt32
  public var rodata: UInt32
  /// What the code calls.
  public var routines: NativeRoutines

  public init(
    isolation: Isolation, arena: UInt32, arenaSize: UInt32, data: UInt32, rodata: UInt32,
    routines: NativeRoutines
  ) {
    self.isolation = isolation
    self.arena = arena
    self.arenaSize = arenaSize
    self.data = data
    self.rodata = rodata
    self.routines = routines
  }
}

/// The addresses of routines that compiled code calls, with the Thumb bit set. None of them changes a register but r12 and lr.
public struct NativeRoutines: Sendable {
  /// Takes an address in r12 and returns when so many bytes may be read there: 1, 2, 4, 8.
  public var checkRead: (UInt32, UInt32, UInt32, UInt32)
  /// Likewise for writing.
  public var checkWrite: (UInt32, UInt32, UInt32, UInt32)
  /// Ends the run with the trap whose rule is in r12; r0 is what `Trap.address` is to be.
  public var trap: UInt32
  /// Calls the helper at the position in r12 with the five arguments of 64 bits at sp; the result comes in r12 and lr.
  public var callHelper: UInt32
  /// Likewise for the helper whose number of 64 bits stands at sp, its arguments behind it.
  public var callNumbered: UInt32
  /// Divides the number of 64 bits at sp by that behind it; r12 says how, see `Division`. The result comes in r12 and lr.
  public var divide: UInt32

  public init(
    checkRead: (UInt32, UInt32, UInt32, UInt32), checkWrite: (UInt32, UInt32, UInt32, UInt32), trap: UInt32,
    callHelper: UInt32, callNumbered: UInt32, divide: UInt32
  ) {
    self.checkRead = checkRead
    self.checkWrite = checkWrite
    self.trap = trap
    self.callHelper = callHelper
    self.callNumbered = callNumbered
    self.divide = divide
  }
}

/// What `NativeRoutines.divide` does, as r12 says it.
public struct Division: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The remainder instead of the quotient.
  public static var remainder: Division { Division(rawValue: 1) }
  /// Both numbers have a sign.
  public static var signed: Division { Division(rawValue: 2) }
}

/// Where the start of a compiled program finds what it starts with: at the address in r12.
public enum StartBlock {
  /// What r1, r2 and r10 hold, words at these offsets in bytes.
  public static var context: Int { 0 }
  public static var contextLength: Int { 4 }
  public static var stackTop: Int { 8 }
}

/// Why a program was not compiled.
public enum CompileError: Error, Equatable, Sendable {
  /// The code needs so many bytes, about.
  case tooLittleRoom(needed: Int, available: Int)
  /// There have to be as many cells as the program has instructions.
  case tooLittleWorkspace(needed: Int, available: Int)
  /// The code would have more than 128 KiB.
  case tooLong
}

/// Working memory of the compiler, for one instruction.
public struct CompilerCell: BitwiseCopyable, Sendable {
  /// Cells needed before the instruction, and flags above.
  var state: UInt32 = 0
  /// First its `Transfer`, later two halfwords: where its code starts, and above where its branch stands whose target is not
  /// known yet.
  private var work: UInt32 = 0
  /// First the last jump back to here, if it is the start of a loop; later, if its branch waits for its target, the
  /// instruction before whose branch does so too.
  private var link: UInt32 = 0

  public init() {}

  var transfer: Transfer {
    @inline(__always) get { Transfer(rawValue: work) }
    set { work = newValue.rawValue }
  }

  /// Where its code starts, in halfwords.
  public var offset: UInt16 { UInt16(truncatingIfNeeded: work) }

  /// Where its branch stands whose target is not known yet, in halfwords.
  var site: Int { Int(truncatingIfNeeded: work >> 16) }

  /// The last instruction that jumps back to here, if it is the start of a loop.
  var lastJump: Int {
    get { Int(truncatingIfNeeded: link) }
    set { link = UInt32(truncatingIfNeeded: newValue) }
  }

  /// Its code starts here.
  @inline(__always)
  mutating func start(at offset: Int) {
    work = UInt32(truncatingIfNeeded: offset) & 0xFFFF
  }

  /// Its branch stands here, and `previous` is the instruction whose branch is the one before that waits for its target.
  mutating func wait(at site: Int, behind previous: Int) {
    work = work & 0xFFFF | UInt32(truncatingIfNeeded: site) << 16
    link = UInt32(truncatingIfNeeded: previous)
  }

  /// The instruction whose branch is the one before that waits for its target.
  var previous: Int { Int(Int32(bitPattern: link)) }

  /// After a program was compiled: where the code of the instruction starts, in bytes.
  public var codeOffset: Int { Int(offset) * 2 }
}

/// What the compiler made.
public struct CompiledCode: Equatable, Sendable {
  /// Bytes of code.
  public let size: Int
  /// Where it is entered: bytes from the first.
  public let entry: Int
  /// Accesses that are checked, and all.
  public let checkedAccesses, accesses: Int
}

/// Compiles a program to Thumb-2 code for ARMv7-M.
///
/// The code is position-independent. It is entered with the Thumb bit set, sp divisible by 4, the return address on the stack,
/// the address of a `StartBlock` in r12 and, when checked, that of the arena in r11; it returns r0 of the program in r0 and
/// r1 and changes every other register but sp.
///
/// - Parameters:
///   - program: what to compile.
///   - environment: where it will run, and what keeps it there.
///   - code: where to put it; divisible by 4.
///   - cells: working memory, one for each instruction; afterwards `CompilerCell.codeOffset` tells where its code starts.
/// - Returns: how much code it is, and where it is entered.
/// - Throws: ``CompileError``; what the buffer then holds means nothing.
public func compile(
  _ program: borrowing VerifiedProgram, for environment: NativeEnvironment,
  into code: consuming MutableSpan<UInt16>, using cells: inout MutableSpan<CompilerCell>
) throws(CompileError) -> CompiledCode {
  let count = program.instructions.count
  guard cells.count >= count else {
    throw .tooLittleWorkspace(needed: count, available: cells.count)
  }
  let capacity = code.count
  for index in 0..<count { cells[index] = CompilerCell() }
  let shape = findShape(
    of: program.instructions, entry: program.entry, maximumDepth: program.maximumDepth, &cells)
  var table = RegisterTable()
  assignRegisters(program.instructions, entry: program.entry, shape, environment, &cells, &table)
  var values = InlineArray<40, Value>(repeating: .home)
  var readers = InlineArray<40, UInt32>(repeating: 0)
  var generator = Generator(
    program.instructions, entry: program.entry, shape: shape, registers: RegisterAssignment(table),
    environment: environment,
    code: Assembler(code), values: CellTable(values.mutableSpan), readers: CellTable(readers.mutableSpan),
    residents: table.residents.span)
  var isComplete = generator.generate(&cells)
  if !isComplete {
    // A branch that was thought to be short is not.
    generator.branchesAreShort = false
    isComplete = generator.generate(&cells)
  }
  guard isComplete else { throw .tooLong }
  let size = generator.halfwords
  guard size <= 0xFFFF else { throw .tooLong }
  guard size <= capacity else { throw .tooLittleRoom(needed: size * 2, available: capacity * 2) }
  return CompiledCode(
    size: size * 2, entry: generator.start * 2, checkedAccesses: generator.checkedAccesses,
    accesses: generator.accesses)
}
