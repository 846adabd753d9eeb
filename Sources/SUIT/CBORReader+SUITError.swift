import CBOR

/// Reads that report ill-formed input as a malformed manifest. Out of line, because they are called from everywhere.
extension CBORReader {
  @inline(never)
  func type() throws(SUITError) -> CBORType {
    do throws(CBORError) { return try peekType() } catch { throw SUITError(error) }
  }

  // Numbers come clamped: none that means anything here lies beyond.

  @inline(never)
  mutating func unsigned() throws(SUITError) -> Int {
    do throws(CBORError) { return Int(clamping: try readUnsigned()) } catch { throw SUITError(error) }
  }

  /// An unsigned integer of 32 bits.
  @inline(never)
  mutating func unsigned32() throws(SUITError) -> UInt32 {
    let start = offset
    let number: UInt64
    do throws(CBORError) { number = try readUnsigned() } catch { throw SUITError(error) }
    guard let number = UInt32(exactly: number) else { throw SUITError(.malformed, at: start) }
    return number
  }

  @inline(never)
  mutating func integer() throws(SUITError) -> Int {
    do throws(CBORError) { return Int(clamping: try readInteger()) } catch { throw SUITError(error) }
  }

  @_lifetime(copy self)
  @inline(never)
  mutating func byteString() throws(SUITError) -> Span<UInt8> {
    do throws(CBORError) { return try readBytes() } catch { throw SUITError(error) }
  }

  @_lifetime(copy self)
  @inline(never)
  mutating func textString() throws(SUITError) -> Span<UInt8> {
    do throws(CBORError) { return try readText() } catch { throw SUITError(error) }
  }

  @_lifetime(copy self)
  @inline(never)
  mutating func wrapped() throws(SUITError) -> CBORReader {
    do throws(CBORError) { return try readWrapped() } catch { throw SUITError(error) }
  }

  @inline(never)
  mutating func byteStringHead() throws(SUITError) -> Int {
    do throws(CBORError) { return Int(clamping: try readBytesHead()) } catch { throw SUITError(error) }
  }

  /// Enters an item with this tag; any other tag is unsupported.
  @inline(never)
  mutating func tag(_ number: UInt64) throws(SUITError) {
    do throws(CBORError) { try readTag(number) } catch {
      throw SUITError(.unsupported, at: error.offset, expected: error.expected, found: error.found)
    }
  }

  @inline(never)
  mutating func array() throws(SUITError) -> Int {
    do throws(CBORError) { return try readArray() } catch { throw SUITError(error) }
  }

  @inline(never)
  mutating func map() throws(SUITError) -> Int {
    do throws(CBORError) { return try readMap() } catch { throw SUITError(error) }
  }

  @inline(never)
  mutating func pass() throws(SUITError) {
    do throws(CBORError) { try skip() } catch { throw SUITError(error) }
  }

  /// A map's key that names one of our members: an integer. Any other key is unsupported.
  @inline(never)
  mutating func key() throws(SUITError) -> Int {
    do throws(CBORError) { return Int(clamping: try readInteger()) } catch {
      throw SUITError(.unsupported, at: error.offset, found: error.found)
    }
  }

  @inline(never)
  func expect(_ type: CBORType) throws(SUITError) {
    let found = try self.type()
    guard found == type else {
      throw SUITError(.malformed, at: offset, expected: Int(type.rawValue), found: Int(found.rawValue))
    }
  }
}
