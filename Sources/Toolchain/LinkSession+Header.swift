import BPF
import Bytes
import Helpers
import ProgramImage

// The layouts with a header. They have no place for zeros, for addresses among the data, and for where the program starts.
extension LinkSession {
  /// Brings the program into the form that a header describes: zeros become data, and the first instruction is the one to
  /// start with.
  ///
  /// - Parameters:
  ///   - layout: the one that the image is to have.
  ///   - starts: the functions that are to be found by name, first the one that the program starts with.
  /// - Returns: the symbols for them.
  /// - Throws: ``LinkError/alignmentUnknown(_:_:)``.
  mutating func flatten(
    for layout: ImageLayout, starts: [(name: String?, place: Place)]
  ) throws(LinkError) -> [(name: String, offset: Int)] {
    guard dataAlignment <= 8, zerosAlignment <= 8 else {
      throw .alignmentUnknown(layout, max(dataAlignment, zerosAlignment))
    }
    for pointer in pointers where pointer.kind == .zeros {
      let value: UInt64 = data.span.littleEndian(at: pointer.offset)
      var moved = LittleEndianBytes()
      moved.append(value &+ UInt64(zerosStart))
      data.replaceSubrange(pointer.offset..<pointer.offset + 8, with: moved.bytes)
    }
    // Without data a device takes loads for data to mean constants, so even variables without bytes get some.
    if hasVariables {
      let size = max(zerosStart + zeros, 8)
      data += [UInt8](repeating: 0, count: size.rounded(upTo: 8) - data.count)
      zeros = 0
    }
    return prependStarts(starts)
  }

  /// Puts code in front that stores the addresses among the data, and then goes to where the program really starts. Each
  /// function that can be found by name gets its own.
  private mutating func prependStarts(
    _ starts: [(name: String?, place: Place)]
  ) -> [(name: String, offset: Int)] {
    let stores = pointerStores()
    let targets = starts.map { offset(of: $0.place) / 8 }
    // Without pointers only a program that starts elsewhere than at its first instruction needs a jump.
    let needed = !stores.isEmpty ? starts.count : targets[0] == 0 ? 0 : 1
    let size = needed * (stores.count + 1)
    var code: [Instruction] = []
    for target in targets.prefix(needed) {
      let distance = size + target - (code.count + stores.count + 1)
      code += stores
      // The long jump is younger than these layouts.
      code.append(
        Int16(exactly: distance).map { Instruction(.ja, offset: $0) }
          ?? Instruction(.ja32, immediate: Int32(distance)))
    }
    prepend(code)
    return starts.indices.map { index in
      let slot = index < needed ? index * (stores.count + 1) : size + targets[index]
      let found = functions.first { $0.slots.lowerBound == size + targets[index] }
      return (
        starts[index].name ?? found?.name ?? ProgramImage.entryName.description, slot * 8
      )
    }
  }

  /// Instructions that store every address among the data. They leave the arguments, r1 to r5, alone.
  private func pointerStores() -> [Instruction] {
    func load(_ operation: Operation, _ register: Register, _ value: UInt64) -> [Instruction] {
      [
        Instruction(operation, destination: register, immediate: Int32(truncatingIfNeeded: value)),
        Instruction(.wideUpperHalf, immediate: Int32(truncatingIfNeeded: value >> 32)),
      ]
    }
    var code: [Instruction] = []
    var base: Int?
    for pointer in pointers.sorted(by: { $0.offset < $1.offset }) {
      if base.map({ pointer.offset - $0 > Int16.max }) ?? true {
        base = pointer.offset
        code += load(.lddwData, .r0, UInt64(pointer.offset))
      }
      let value: UInt64 = data.span.littleEndian(at: pointer.offset)
      code += load(pointer.kind == .rodata ? .lddwRodata : .lddwData, .r6, value)
      code.append(
        Instruction(.stxdw, destination: .r0, source: .r6, offset: Int16(pointer.offset - (base ?? 0))))
    }
    return code
  }

  /// An image with a header.
  ///
  /// - Parameters:
  ///   - layout: `femtoContainers` or `extended`.
  ///   - functions: the symbols, as ``flatten(for:starts:)`` made them.
  ///   - helpers: the numbers that an `extended` image ends with.
  /// - Returns: its bytes.
  /// - Throws: ``LinkError/functionTooFar(_:_:)``.
  func headedImage(
    _ layout: ImageLayout, functions: [(name: String, offset: Int)], helpers: [UInt8]
  ) throws(LinkError) -> [UInt8] {
    var constants = rodata
    var symbols = LittleEndianBytes()
    for function in functions {
      guard let name = UInt16(exactly: constants.count), let start = UInt16(exactly: function.offset) else {
        throw .functionTooFar(function.name, layout)
      }
      symbols.append(name)
      symbols.append(0 as UInt16)
      symbols.append(start)
      constants += Array(function.name.utf8)
    }
    constants += [UInt8](repeating: 0, count: constants.count.rounded(upTo: 8) - constants.count)
    let values = data + [UInt8](repeating: 0, count: data.count.rounded(upTo: 8) - data.count)
    var header = LittleEndianBytes()
    for word in [
      HeaderLayout.magic, 0, 0, UInt32(values.count), UInt32(constants.count), UInt32(text.count),
      UInt32(functions.count),
    ] {
      header.append(word)
    }
    // Calls are resolved already: no records.
    if layout == .extended { header.append(0 as UInt32) }
    return header.bytes + values + constants + text + symbols.bytes + (layout == .extended ? helpers : [])
  }

  /// The numbers of the helpers that the program calls, in ascending order.
  var calledHelpers: [UInt8] {
    var numbers: Set<UInt8> = []
    for offset in stride(from: 0, to: text.count - 7, by: 8) {
      let slot: UInt64 = text.span.littleEndian(at: offset)
      guard let call = try? Instruction(slot: slot), call.operation == .callHelper,
        let number = UInt8(exactly: call.immediate)
      else { continue }
      numbers.insert(number)
    }
    return numbers.sorted()
  }
}
