import Delivery
import DeviceClient
import DeviceProtocol
import Interpreter
import TestSupport
import Testing
import Toolchain
import Verifier

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct ProgramAttacks {
  static let refused: [([UInt8], VerifierError.Rule, Int64)] =
    [
      (Assembly.instruction(0xff) + Assembly.exit, .unknownOpcode, 0),
      (Assembly.move(0, 1), .fallsOffTheEnd, 0),
      (Assembly.move(0, 1) + Assembly.jump(5) + Assembly.exit, .jumpOutside, 1),
      (Assembly.jump(-2) + Assembly.exit, .jumpOutside, 0),
      (Assembly.jump(1) + Assembly.wide(0, 1) + Assembly.exit, .jumpIntoWideLoad, 0),
      (Assembly.move(10, 0) + Assembly.exit, .writesFramePointer, 0),
      (Assembly.instruction(0xb7, destination: 11) + Assembly.exit, .destinationOutOfRange, 0),
      (Assembly.instruction(0xbf, source: 15) + Assembly.exit, .sourceOutOfRange, 0),
      (Assembly.instruction(0x95, immediate: 3), .reservedFieldsNotZero, 0),
      (Assembly.exit + Assembly.instruction(0x18), .incompleteWideLoad, 1),
      (Assembly.move(0, 1) + Assembly.instruction(0) + Assembly.exit, .strayUpperHalf, 1),
      (Assembly.call(0x7777) + Assembly.exit, .unknownHelper, 0),
      (Assembly.instruction(0x85, source: 1, immediate: 100) + Assembly.exit, .callOutside, 0),
      (Assembly.instruction(0x85, source: 2) + Assembly.exit, .callByBTF, 0),
      (Assembly.instruction(0x30) + Assembly.exit, .packetAccess, 0),
      (
        Assembly.instruction(0x18, source: 1) + Assembly.instruction(0) + Assembly.exit, .unsupportedWideLoad,
        0
      ),
      (Assembly.instruction(0xdb, destination: 1, immediate: 0x33) + Assembly.exit, .unknownVariant, 0),
    ] + wrong

  /// Programs of sound structure that go wrong whatever happens.
  static let wrong: [([UInt8], VerifierError.Rule, Int64)] = [
    (Assembly.copy(0, from: 7) + Assembly.exit, .uninitialisedRegister, 0),
    (Assembly.move(1, 1) + Assembly.exit, .uninitialisedRegister, 1),
    (
      Assembly.move(1, 1) + Assembly.copy(2, from: 10) + Assembly.add(2, -4) + Assembly.call(0x12)
        + Assembly.copy(0, from: 1) + Assembly.exit, .uninitialisedRegister, 4
    ),
    (Assembly.loadWord(0, from: 10, -4) + Assembly.exit, .uninitialisedStack, 1),
    (Assembly.storeByte(1, to: 10, -513) + Assembly.exit, .outsideStackFrame, 0),
    (Assembly.loadByte(0, from: 10) + Assembly.exit, .outsideStackFrame, 0),
    (Assembly.rodata(1) + Assembly.loadByte(0, from: 1) + Assembly.exit, .outsideReadOnlyData, 2),
    (Assembly.rodata(1) + Assembly.storeByte(1, to: 1) + Assembly.exit, .writesReadOnlyData, 2),
    (Assembly.move(1, 0) + Assembly.loadByte(0, from: 1) + Assembly.exit, .numberAsAddress, 1),
    (Assembly.move(1, 16) + Assembly.call(1) + Assembly.exit, .numberAsAddress, 1),
    (Assembly.jump(-1) + Assembly.exit, .neverEnds, 0),
  ]

  @Test func `a program that the verifier refuses is not installed`() async throws {
    try await Siege.run { siege in
      for (image, rule, index) in Self.refused {
        let refusal = try await Forgery(image: image).refusal(by: siege)
        #expect(refusal.code == .unprocessableEntity)
        #expect(refusal.stage == .verifier, "\(refusal)")
        #expect(refusal.rule == Int(rule.rawValue), "\(refusal)")
        #expect(refusal.index == index)
        #expect(refusal.title == "Program refused by the verifier")
        if rule == .jumpOutside, index == 1 {
          #expect(
            refusal.description
              == "Program refused by the verifier (4.22): the jump leaves the text (instruction 1, to 7)")
        }
      }
    }
  }

  @Test(
    arguments: [
      [], Array("\u{7f}ELF".utf8), [0x95, 0, 0, 0, 0, 0, 0],
      Array(Assembly.image(text: Assembly.exit, rodata: []).prefix(200)),
      Assembly.image(text: [], rodata: [1]),
    ] as [[UInt8]])
  func `an image that is none is not installed`(image: [UInt8]) async throws {
    try await Siege.run { siege in
      let refusal = try await Forgery(image: image).refusal(by: siege)
      #expect(refusal.code == .unprocessableEntity)
      #expect(refusal.stage == .image, "\(refusal)")
    }
  }

  @Test func `a program that calls a helper its image does not embed is not installed`() async throws {
    let source = Board.root.appending(path: "Examples/counter.c")
    let image = try Linker(layout: .extended, helpers: []).link([try await Compiler().compile(source).object])
      .image
    try await Siege.run { siege in
      let refusal = try await Forgery(image: image).refusal(by: siege)
      #expect(refusal.stage == .verifier && refusal.rule == Int(VerifierError.Rule.helperNotGranted.rawValue))
    }
  }

  @Test func `an image whose headers are damaged at random is judged without harm`() async throws {
    // A board judges some of what ELF's own tests try exhaustively.
    let good = Assembly.image(text: Assembly.returning(1), rodata: [1, 2, 3, 4])
    try await Siege.run { siege in
      var random = Repeatable(seed: 4)
      var refused = 0
      for number in 0..<60 {
        var image = good
        for _ in 0..<3 {
          image[random.pick(Array(image.indices))] = UInt8.random(in: 0...255, using: &random)
        }
        do {
          _ = try await deliver(image: image, to: 2, of: siege.device, signing: Signing(key: Board.key))
          _ = try await siege.device.run(2)
        } catch DeviceError.refused(let refusal) {
          refused += 1
          #expect([.image, .verifier, .execution].contains(refusal.stage), "\(number): \(refusal)")
        }
      }
      #expect(refused > 10)
    }
  }

  @Test func `a program that needs more memory than an arena is not installed`() async throws {
    try await Siege.run { siege in
      // Beside one stack frame of 512 bytes, 6656 of the arena's 7168 bytes are left.
      let image = Assembly.image(text: Assembly.returning(7), zeros: 6657)
      let refusal = try await Forgery(image: image).refusal(by: siege)
      #expect(refusal.code == .unprocessableEntity)
      #expect(refusal.stage == .image)
      #expect(refusal.rule == Int(ImageProblemRule.arenaTooSmall))
      #expect(
        refusal.description
          == "Program too large for its arena (4.22): stack, data and context together need more memory than a compartment has (7169 bytes, at most 7168)"
      )
    }
  }

  @Test func `a context that the arena has no room for is refused`() async throws {
    try await Siege.run { siege in
      let image = Assembly.image(text: Assembly.returning(7), zeros: 6576)
      _ = try await deliver(image: image, to: 2, of: siege.device, signing: Signing(key: Board.key))
      #expect(try await siege.device.run(2, context: Array(repeating: 1, count: 80)).result == 7)
      let refusal = try await siege.refusal {
        _ = try await siege.device.run(2, context: Array(repeating: 1, count: 81))
      }
      #expect(refusal.rule == Int(ImageProblemRule.arenaTooSmall))
      #expect(try await siege.device.run(2).result == 7)
    }
  }

  static let escapes: [([UInt8], Trap.Rule, Int64)] = [
    // The stack grows down to the arena's start and up to its end, 7168 bytes further.
    (
      Assembly.copy(1, from: 10) + Assembly.add(1, -513) + Assembly.blur(1) + Assembly.loadByte(0, from: 1)
        + Assembly.exit, .readOutside, 3
    ),
    (
      Assembly.copy(1, from: 10) + Assembly.add(1, 7168 - 512) + Assembly.blur(1)
        + Assembly.loadByte(0, from: 1) + Assembly.exit, .readOutside, 3
    ),
    (
      Assembly.copy(1, from: 10) + Assembly.add(1, 7168 - 514) + Assembly.blur(1)
        + Assembly.loadWord(0, from: 1) + Assembly.exit, .readOutside, 3
    ),
    (
      Assembly.copy(1, from: 10) + Assembly.add(1, -513) + Assembly.blur(1) + Assembly.storeByte(1, to: 1)
        + Assembly.returning(0), .writeOutside, 3
    ),
    (Assembly.move(1, 0) + Assembly.blur(1) + Assembly.loadByte(0, from: 1) + Assembly.exit, .readOutside, 2),
    (Assembly.wide(1, 0x2000_0000) + Assembly.storeByte(1, to: 1) + Assembly.returning(0), .writeOutside, 2),
    (Assembly.wide(1, 0x003f_f000) + Assembly.loadWord(0, from: 1) + Assembly.exit, .readOutside, 2),
    (Assembly.wide(1, 0xe000_ed08) + Assembly.loadWord(0, from: 1) + Assembly.exit, .readOutside, 2),
    (Assembly.wide(1, 0x4000_4000) + Assembly.storeByte(65, to: 1) + Assembly.returning(0), .writeOutside, 2),
    (Assembly.wide(1, 0x1_2000_0000) + Assembly.loadByte(0, from: 1) + Assembly.exit, .readOutside, 2),
    (
      Assembly.wide(1, 0xffff_ffff_ffff_ffff) + Assembly.loadWord(0, from: 1) + Assembly.exit, .readOutside,
      2
    ),
    (
      Assembly.move(2, 1) + Assembly.instruction(0xdb, destination: 1, source: 2, offset: 8)
        + Assembly.move(0, 0)
        + Assembly.exit, .writeOutside, 1
    ),
    (Assembly.instruction(0x8d, destination: 2) + Assembly.exit, .unknownHelper, 0),
    (Assembly.instruction(0x85, source: 1, immediate: -1) + Assembly.exit, .callTooDeep, 0),
  ]

  @Test func `a program that leaves its compartment is stopped where it does`() async throws {
    try await Siege.run { siege in
      for (image, rule, index) in Self.escapes {
        let refusal = try await siege.trap(of: image)
        #expect(refusal.code == .internalServerError)
        #expect(refusal.stage == .execution, "\(refusal)")
        #expect(refusal.rule == Int(rule.rawValue), "\(refusal)")
        #expect(refusal.index == index, "\(refusal)")
      }
    }
  }

  @Test func `a program may read its read-only data, and neither write it nor read beyond`() async throws {
    try await Siege.run { siege in
      let text = Assembly.rodata(1) + Assembly.loadByte(0, from: 1, 3) + Assembly.exit
      let image = Assembly.image(text: text, rodata: [1, 2, 3, 4])
      _ = try await deliver(image: image, to: 2, of: siege.device, signing: Signing(key: Board.key))
      #expect(try await siege.device.run(2).result == 4)
      let write = Assembly.rodata(1) + Assembly.blur(1) + Assembly.storeByte(9, to: 1) + Assembly.returning(0)
      let written = try await siege.trap(of: Assembly.image(text: write, rodata: [1, 2, 3, 4]))
      #expect(written.rule == Int(Trap.Rule.writeOutside.rawValue))
      #expect(written.index == 3)
      for offset: Int16 in [4, -1] {
        let beyond =
          Assembly.rodata(1) + Assembly.blur(1) + Assembly.loadByte(0, from: 1, offset) + Assembly.exit
        let read = try await siege.trap(of: Assembly.image(text: beyond, rodata: [1, 2, 3, 4]))
        #expect(read.rule == Int(Trap.Rule.readOutside.rawValue))
      }
    }
  }

  @Test func `a program of instructions alone has no read-only data`() async throws {
    try await Siege.run { siege in
      let refusal = try await siege.trap(
        of: Assembly.rodata(1) + Assembly.blur(1) + Assembly.loadByte(0, from: 1) + Assembly.exit)
      #expect(refusal.rule == Int(Trap.Rule.readOutside.rawValue))
    }
  }

  @Test func `an endless loop ends with its budget`() async throws {
    try await Siege.run { siege in
      // Goes on as long as r2 is 0, which the length of no context is.
      let refusal = try await siege.trap(
        of: Assembly.move(0, 0) + Assembly.instruction(0x15, destination: 2, offset: -1) + Assembly.exit)
      #expect(refusal.stage == .execution)
      #expect(refusal.rule == Int(Trap.Rule.budgetSpent.rawValue))
      #expect(
        refusal.description
          == "Program stopped (5.00): it used up the instructions or the time it may take (instruction 1)")
    }
  }

  @Test func `endless recursion ends with the stack`() async throws {
    try await Siege.run { siege in
      let refusal = try await siege.trap(
        of: Assembly.instruction(0x85, source: 1, immediate: -1) + Assembly.exit)
      #expect(refusal.rule == Int(Trap.Rule.callTooDeep.rawValue))
      #expect(refusal.description.hasPrefix("Program stopped (5.00): its functions call each other deeper"))
    }
  }

  static let pointers: [([UInt8], Int64)] = [
    // printf, its format outside; memcpy to and from outside, and of too much; fetch to outside; strlen of outside.
    (Assembly.move(1, 16) + Assembly.blur(1) + Assembly.call(1) + Assembly.exit, 1),
    (
      Assembly.move(1, 16) + Assembly.blur(1) + Assembly.copy(2, from: 10) + Assembly.add(2, -8)
        + Assembly.move(3, 8)
        + Assembly.call(2) + Assembly.exit, 1
    ),
    (
      Assembly.copy(1, from: 10) + Assembly.add(1, -8) + Assembly.wide(2, 0x2000_0000) + Assembly.move(3, 8)
        + Assembly.call(2) + Assembly.exit, 2
    ),
    (
      Assembly.copy(1, from: 10) + Assembly.copy(2, from: 10) + Assembly.wide(3, 1 << 32) + Assembly.call(2)
        + Assembly.exit, 2
    ),
    (
      Assembly.copy(1, from: 10) + Assembly.copy(2, from: 10) + Assembly.move(3, -1) + Assembly.call(2)
        + Assembly.exit, 2
    ),
    (Assembly.move(1, 1) + Assembly.wide(2, 0xe000_ed08) + Assembly.call(0x13) + Assembly.exit, 2),
    (Assembly.move(1, 1) + Assembly.wide(2, 0x2000_0000) + Assembly.call(0x12) + Assembly.exit, 2),
    (Assembly.wide(1, 0x003f_f000) + Assembly.call(0x52) + Assembly.exit, 1),
  ]

  @Test func `a helper refuses a pointer to outside the compartment`() async throws {
    try await Siege.run { siege in
      for (image, argument) in Self.pointers {
        let refusal = try await siege.trap(of: image)
        #expect(refusal.stage == .execution)
        #expect(refusal.rule == Int(Trap.Rule.helperFault.rawValue), "\(refusal)")
        #expect(refusal.found == argument, "\(refusal)")
        #expect(refusal.address != nil)
        #expect(refusal.detail == "it gave a helper an address outside its compartment")
      }
    }
  }

  @Test func `a program cannot see what another one left in the arena`() async throws {
    try await Siege.run { siege in
      let device = siege.device
      let fill =
        Assembly.copy(1, from: 10) + Assembly.blur(1) + Assembly.storeByte(77, to: 1, -1)
        + Assembly.storeByte(77, to: 1, 1000)
      _ = try await deliver(
        image: fill + Assembly.returning(0), to: 2, of: device, signing: Signing(key: Board.key))
      #expect(try await device.run(2).result == 0)
      let look =
        Assembly.copy(1, from: 10) + Assembly.blur(1) + Assembly.loadByte(0, from: 1, -1)
        + Assembly.loadByte(2, from: 1, 1000) + Assembly.add(0, from: 2) + Assembly.exit
      _ = try await deliver(image: look, to: 2, of: device, signing: Signing(key: Board.key))
      #expect(try await device.run(2).result == 0)
    }
  }
}
