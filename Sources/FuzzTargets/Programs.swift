import BPF
import BPFText
import Bytes
import ProgramImage
import Runtime

/// An image, in buffers that have exactly the sizes it names.
func fuzzImage(_ bytes: Span<UInt8>) {
  do throws(ImageError) {
    let image = try ProgramImage(bytes)
    let name: StaticString = "other"
    _ = try image.entry(named: name.bytes)
    var instructions = [Instruction](repeating: Instruction(.exit), count: image.instructionCount)
    var text = instructions.mutableSpan
    _ = try image.decode(into: &text)
    // Zeros of an object need no bytes in the file: their number is whatever the file says.
    var memory = [UInt8](repeating: 0xa5, count: image.dataSize)
    var data = memory.mutableSpan
    try image.initialise(data: &data, dataAddress: 0x2000_0000, rodataAddress: 0x1000_0004)
  } catch {}
}

/// The first byte is the length of the context that follows it; the rest is the image.
func fuzzProgram(_ bytes: Span<UInt8>) {
  guard bytes.count > 1 else { return }
  let length = min(Int(bytes[0]), bytes.count - 1)
  run(bytes.extracting((1 + length)...), context: bytes.extracting(1..<1 + length))
}

private func run(_ image: Span<UInt8>, context: Span<UInt8>) {
  var compartment = ProgramCompartment(arenaBytes: 2048, instructionCapacity: Limits.instructions)
  var services = Services(board: FuzzBoard(clock: Clock()))
  do throws(LoadError) { try compartment.check(image) } catch {}
  do throws(LoadError) {
    _ = try compartment.run(image, context: context, budget: 2000, host: &services)
  } catch {}
}

func fuzzAssembler(_ bytes: Span<UInt8>) {
  let source = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  for syntax in Syntax.allCases {
    guard let text = try? Assembler(syntax: syntax).assemble(source) else { continue }
    run(text.span, context: Span())
    guard let instructions = try? decode(text) else { continue }
    for other in Syntax.allCases {
      _ = Disassembler(syntax: other).listing(of: instructions)
      let printed = Disassembler(syntax: other).source(of: instructions).joined(separator: "\n")
      guard let again = try? Assembler(syntax: other).assemble(printed) else { continue }
      precondition(again == text, "what was printed assembles to something else")
    }
  }
}

private func decode(_ text: [UInt8]) throws(DecodeError) -> [Instruction] {
  var instructions: [Instruction] = []
  for start in stride(from: 0, to: text.count, by: 8) {
    let word = text[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    instructions.append(try Instruction(slot: word))
  }
  return instructions
}
