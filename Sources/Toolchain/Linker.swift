import BPF
import Bytes
import ELF
public import Helpers
public import ProgramImage

/// Makes an image of what a compiler made: keeps what the program can reach, joins sections, resolves what needs no
/// addresses, and reads the result back as a device will.
public struct Linker: Sendable {
  public var layout: ImageLayout
  /// Name of the function to start with; `nil` for `program`, else the first one.
  public var entry: String?
  /// More functions to keep and to find by name.
  public var exports: [String]
  /// Numbers of the helpers that an image of the layout `extended` grants itself; `nil` for those the program calls.
  public var helpers: [UInt8]?
  /// The helpers that the program may call, checked ahead of time; `nil` for no check.
  public var granted: HelperSet?

  public init(
    layout: ImageLayout = .elf, entry: String? = nil, exports: [String] = [], helpers: [UInt8]? = nil,
    granted: HelperSet? = nil
  ) {
    self.layout = layout
    self.entry = entry
    self.exports = exports
    self.helpers = helpers
    self.granted = granted
  }

  /// Links object files, of which the first one holds the function to start with.
  public func link(_ objects: [[UInt8]]) throws(LinkError) -> LinkedProgram {
    var session = LinkSession()
    for object in objects {
      let file: ObjectFile
      do throws(ELFError) { file = try ObjectFile(object) } catch { throw .object(error) }
      try session.add(file)
    }
    try session.resolveGlobals()
    let entry = try session.entry(named: entry)
    var exported: [(name: String, place: Place)] = []
    for name in exports {
      guard let place = session.function(named: name) else { throw .noEntry(name) }
      exported.append((name, place))
    }
    try session.keep(reachableFrom: [entry] + exported.map(\.place))
    session.place(first: entry.section)
    try session.relocate()
    return try program(session, entry: entry, exported: exported)
  }

  private func program(
    _ session: LinkSession, entry: Place, exported: [(name: String, place: Place)]
  ) throws(LinkError) -> LinkedProgram {
    var session = session
    var start = session.offset(of: entry) / 8
    let image: [UInt8]
    switch layout {
    case .text:
      guard session.sectionsBesideText.isEmpty else { throw .moreThanText(session.sectionsBesideText) }
      if start != 0 { session.prepend([Instruction(.ja32, immediate: Int32(start))]) }
      start = 0
      image = session.text
    case .femtoContainers, .extended:
      let functions = try session.flatten(
        for: layout, starts: [(self.entry, entry)] + exported.map { ($0.name, $0.place) })
      start = 0
      image = try session.headedImage(
        layout, functions: functions, helpers: helpers ?? session.calledHelpers)
    case .elf: image = session.objectFile(entry: entry, exported: exported)
    }
    let refused: HelperCall?
    do throws(ImageError) { refused = try check(image, against: session) } catch { throw .refused(error) }
    if let refused {
      let function = session.functions.last { $0.slots.lowerBound <= refused.index }
      throw .helperNotGranted(refused, function: function?.name)
    }
    return LinkedProgram(
      image: image, layout: layout, functions: session.functions, entry: start, textSize: session.text.count,
      rodataSize: session.rodata.count, dataSize: session.data.count, bssSize: session.zeros)
  }

  /// Reads the image as a device does, and compares.
  ///
  /// - Returns: the first call of a helper that is not granted.
  private func check(_ bytes: [UInt8], against session: LinkSession) throws(ImageError) -> HelperCall? {
    let image = try ProgramImage(bytes.span)
    precondition(image.instructionCount == session.text.count / 8)
    precondition(image.dataSize == session.data.count.rounded(upTo: 8))
    var instructions = FixedArray(repeating: Instruction(.exit), count: image.instructionCount)
    var buffer = instructions.mutableSpan
    let count = try image.decode(into: &buffer)
    for slot in 0..<count {
      precondition(buffer[slot].slot == session.text.span.littleEndian(at: slot * 8))
    }
    var data = [UInt8](repeating: 0, count: image.dataSize)
    var span = data.mutableSpan
    try image.initialise(data: &span, dataAddress: 0, rodataAddress: 0)
    return granted.flatMap { firstCall(outside: $0, in: buffer.span) }
  }
}

/// A place in a section of an object file.
struct Place: Equatable {
  /// Number of the section among those of all object files.
  var section: Int
  var offset: UInt64
}
