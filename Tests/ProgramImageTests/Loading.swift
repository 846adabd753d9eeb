import BPF
import ELF
import ProgramImage
import Toolchain

/// What a device gets from an image.
struct Loaded: Equatable {
  var layout = ImageLayout.text
  var entry = 0
  var text: [Instruction] = []
  var rodata: [UInt8] = []
  var data: [UInt8] = []
  var bssSize = 0
}

let dataAddress: UInt64 = 0x2000_1000
let rodataAddress: UInt64 = 0x0800_0100

/// Opens an image and does everything that a device does with it.
func load(_ bytes: [UInt8]) throws(ImageError) -> Loaded {
  let image = try ProgramImage(bytes.span)
  // Room for the largest text that bytes can hold: no section may be in the image twice.
  var text = [Instruction](repeating: Instruction(.exit), count: bytes.count / 8)
  var instructions = text.mutableSpan
  let count = try image.decode(into: &instructions)
  var data = [UInt8](repeating: 0xA5, count: image.dataSize)
  var span = data.mutableSpan
  try image.initialise(data: &span, dataAddress: dataAddress, rodataAddress: rodataAddress)
  let rodata = image.rodata
  return Loaded(
    layout: image.layout, entry: image.entry, text: Array(text[..<count]),
    rodata: rodata.indices.map { rodata[$0] }, data: data, bssSize: image.bssSize)
}

func error(_ body: () throws(ImageError) -> Void) -> ImageError? {
  do throws(ImageError) { try body() } catch { return error }
  return nil
}

func error(loading bytes: [UInt8]) -> ImageError? {
  error { () throws(ImageError) in _ = try load(bytes) }
}

func encoded(_ instructions: [Instruction]) -> [UInt8] {
  instructions.flatMap { instruction in
    (0..<8).map { UInt8(truncatingIfNeeded: instruction.slot >> (8 * $0)) }
  }
}

func little(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

/// The two slots of a wide load.
func wide(_ operation: Operation, _ value: UInt64) -> [Instruction] {
  [
    Instruction(operation, destination: .r1, immediate: Int32(truncatingIfNeeded: value)),
    Instruction(.wideUpperHalf, immediate: Int32(truncatingIfNeeded: value >> 32)),
  ]
}

let exit = Instruction(.exit)
/// A call as a compiler leaves it for the linker.
let open = Instruction(.callLocal, immediate: -1)

extension ObjectWriter {
  mutating func addText(_ instructions: [Instruction], _ name: String = ".text") -> Int {
    addSection(name, flags: [.allocated, .executable], contents: encoded(instructions))
  }

  mutating func addRodata(_ contents: [UInt8], _ name: String = ".rodata") -> Int {
    addSection(name, flags: .allocated, contents: contents, alignment: 1)
  }

  mutating func addData(_ contents: [UInt8], _ name: String = ".data", alignment: Int = 8) -> Int {
    addSection(name, flags: [.allocated, .writable], contents: contents, alignment: alignment)
  }
}
