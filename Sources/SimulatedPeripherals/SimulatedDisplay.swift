/// Two rows of sixteen characters, as an HD44780 shows them.
public struct SimulatedDisplay: Sendable {
  public static let columns = 16
  public static let rows = 2

  private var cells = InlineArray<32, UInt8>(repeating: UInt8(ascii: " "))
  private var column = 0
  private var row = 0
  public private(set) var isStarted = false

  public init() {}

  /// What row `row` shows, one byte for each character.
  public func text(row: Int) -> InlineArray<16, UInt8> {
    InlineArray { cells[row * Self.columns + $0] }
  }

  mutating func start() {
    self = SimulatedDisplay()
    isStarted = true
  }

  mutating func clear() {
    start()
  }

  mutating func print(_ text: Span<UInt8>) {
    for index in text.indices {
      guard column < Self.columns else { return }
      // The first codes are characters that a program would have to define.
      cells[row * Self.columns + column] = text[index] < 0x20 ? UInt8(ascii: " ") : text[index]
      column += 1
    }
  }

  mutating func moveCursor(column: UInt32, row: UInt32) -> Bool {
    guard column < Self.columns, row < Self.rows else { return false }
    self.column = Int(column)
    self.row = Int(row)
    return true
  }
}
