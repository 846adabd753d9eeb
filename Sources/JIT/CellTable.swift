/// An entry for each cell, or for each place that cells live in.
@safe
struct CellTable<Element: BitwiseCopyable>: ~Copyable, ~Escapable {
  // SAFETY: every index is the number of a cell or of a place, which `Cell` and `RegisterTable` keep below `count`. They come
  // from the compiler itself, never from a program, and checking them made up a tenth of the work.
  private var entries: MutableSpan<Element>

  /// How many cells, constants among them, and places there are at most.
  static var count: Int { 40 }

  /// - Precondition: there are at least `count` entries.
  @_lifetime(copy entries)
  init(_ entries: consuming MutableSpan<Element>) {
    precondition(entries.count >= Self.count)
    self.entries = entries
  }

  subscript(index: Int) -> Element {
    @inline(__always) get { unsafe entries[unchecked: index] }
    @inline(__always) set { unsafe entries[unchecked: index] = newValue }
  }
}
