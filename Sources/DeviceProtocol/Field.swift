/// The names of the members in the maps a device answers with.
public enum Field {
  // A slot.
  public static let slot: StaticString = "slot"
  public static let size: StaticString = "size"
  public static let sequence: StaticString = "sequence"
  public static let digest: StaticString = "digest"
  public static let layout: StaticString = "layout"
  public static let runs: StaticString = "runs"
  public static let boot: StaticString = "boot"

  // The code of a slot's program.
  public static let codeBytes: StaticString = "codeBytes"
  public static let codeRegionBytes: StaticString = "codeRegionBytes"
  public static let isolation: StaticString = "isolation"
  public static let accesses: StaticString = "accesses"
  public static let checkedAccesses: StaticString = "checkedAccesses"
  public static let compileMicroseconds: StaticString = "compileMicroseconds"

  // An execution.
  public static let result: StaticString = "result"
  public static let instructions: StaticString = "instructions"
  public static let microseconds: StaticString = "microseconds"

  // What runs in a slot.
  public static let state: StaticString = "state"
  public static let model: StaticString = "model"
  public static let engine: StaticString = "engine"
  public static let started: StaticString = "started"
  public static let starts: StaticString = "starts"
  public static let restarts: StaticString = "restarts"
  public static let every: StaticString = "every"
  public static let above: StaticString = "above"
  public static let below: StaticString = "below"
  public static let events: StaticString = "events"
  public static let ending: StaticString = "ending"
  public static let rule: StaticString = "rule"
  public static let index: StaticString = "index"
  public static let address: StaticString = "address"

  // What a slot's program printed.
  public static let printed: StaticString = "printed"
  public static let dropped: StaticString = "dropped"

  // An entry of a store.
  public static let key: StaticString = "key"
  public static let value: StaticString = "value"
  public static let owner: StaticString = "owner"

  // A pin.
  public static let port: StaticString = "port"
  public static let pin: StaticString = "pin"

  // An installation.
  public static let milliseconds: StaticString = "milliseconds"
  public static let packets: StaticString = "packets"
  public static let received: StaticString = "received"

  // A sensor or an actuator, or the display.
  public static let device: StaticString = "device"
  public static let type: StaticString = "type"
  public static let first: StaticString = "first"
  public static let second: StaticString = "second"
  public static let third: StaticString = "third"
  public static let unit: StaticString = "unit"
  public static let scale: StaticString = "scale"
  public static let row: StaticString = "row"
  public static let text: StaticString = "text"

  // The device.
  public static let board: StaticString = "board"
  public static let version: StaticString = "version"
  public static let vendor: StaticString = "vendor"
  public static let classID: StaticString = "class"
  public static let serial: StaticString = "serial"
  public static let uptime: StaticString = "uptime"
  public static let slots: StaticString = "slots"
  public static let imageBytes: StaticString = "imageBytes"
  public static let arenaBytes: StaticString = "arenaBytes"
  public static let heapBytes: StaticString = "heapBytes"
  public static let datagrams: StaticString = "datagrams"
  public static let malformed: StaticString = "malformed"
  public static let requests: StaticString = "requests"
  public static let refused: StaticString = "refused"
  /// The address that the device sees the asker at.
  public static let you: StaticString = "you"
}
