import Bytes
import COSE
import Checks
import CortexM
import SUIT
import SodiumCryptography

/// What judging a signed manifest takes beside libsodium's work.
let manifestChecks: [Check] = [
  Check("a manifest of RIOT's form is judged in at most 1.2 times what verifying its signature takes") {
    () throws(CheckFailure) in
    let envelope: InlineArray<265, UInt8> = fromHex(
      """
      a202587281586fd28443a10127a05824820258207d58ba4ff4b10f54307c5f5a6d62cbe43bf2b78c86f3799234ef449f41652b40\
      5840ffa26808ec614e48d23edcef45e3fd1b7e1b2f2f8d2f6f2cff9826010a14748f88c296f26959214465944a1c560c9edfb314\
      703b8bbeced0ef34cd56e296b501035890a501010207035861a20281824372616d41310458548614a40150cfbff0d19375568596\
      8c48ce8b15ae17025011ad7046dec75e33bfc14c04f6f7cfc203582482025820c1abe8d4fceb5316dc224ae923dd876290db361e\
      cb13e4197383a2a1bd26aad80e10010f020f09581f8613a11576636f61703a2f2f3139322e302e322e312f696d6167651502030f\
      0a4382030f
      """)
    try judge(envelope.span)
  },
  Check("a manifest of the current draft is judged in at most 1.2 times what verifying its signature takes") {
    () throws(CheckFailure) in
    let envelope: InlineArray<268, UInt8> = fromHex(
      """
      d86ba2025873825824822f5820bb78bedf51989e238faf697459a88463df7ab24ea634acd505cb73d59fd01053584ad28443a101\
      32a0f65840aab27e70af8954d67969e2420fee877ce4175becf334f0df3cec511cbc36b4cef92f1516913df9cb73038960aa3204\
      c84f24f8f12cf64e5e00b2149af7c5700e035890a501010207035861a20281824372616d41310458548614a40150cfbff0d19375\
      5685968c48ce8b15ae17025011ad7046dec75e33bfc14c04f6f7cfc2035824822f5820c1abe8d4fceb5316dc224ae923dd876290\
      db361ecb13e4197383a2a1bd26aad80e10010f020f074382030f14581f8614a11576636f61703a2f2f3139322e302e322e312f69\
      6d6167651502030f
      """)
    try judge(envelope.span)
  },
]

/// Takes an envelope through the processor, with the image of two instructions that it is about.
private func judge(_ envelope: Span<UInt8>) throws(CheckFailure) {
  let image: InlineArray<16, UInt8> = fromHex("b7000000050000009500000000000000")
  let device = CheckedDevice()
  var processor = ManifestProcessor<TimedSodium>()
  unsafe TimedSodium.ticks = 0
  let start = SysTick.ticks
  do throws(SUITError) {
    processor.begin()
    try processor.receiveEnvelope(envelope)
    try processor.authenticate(on: device)
    guard case .fetch = try processor.process(on: device) else { throw SUITError(.incomplete, at: 0) }
    try processor.receivePayload(image.span)
    guard case .accepted(let acceptance) = try processor.resume(on: device), acceptance.slot == 1 else {
      throw SUITError(.incomplete, at: 0)
    }
  } catch {
    throw CheckFailure("the manifest is accepted")
  }
  let all = SysTick.ticks - start
  let verifying = unsafe TimedSodium.ticks
  // A tick is 40 instructions.
  TAPReport.note(all * 40, "instructions for the manifest")
  TAPReport.note(verifying * 40, "of them for its signature")
  try expect(verifying > 0 && all * 10 <= verifying * 12, "no more than a fifth is the processor's")
}

/// libsodium with a clock at the verification of signatures.
private enum TimedSodium: Cryptography {
  typealias Hash = Sodium.Hash

  nonisolated(unsafe) static var ticks: UInt64 = 0

  static func verifyEd25519(
    signature: Span<UInt8>, message: Span<UInt8>, publicKey: Ed25519PublicKey
  ) -> Bool {
    let start = SysTick.ticks
    let isValid = Sodium.verifyEd25519(signature: signature, message: message, publicKey: publicKey)
    unsafe ticks += SysTick.ticks - start
    return isValid
  }
}

/// The device that the manifests are made for.
private struct CheckedDevice: SUITDevice {
  private let keys: InlineArray<1, Ed25519PublicKey> = [
    Ed25519PublicKey(fromHex("e1f41625b5d749abcf0bcb312c353aaef8382680f71b9f73861925a43423eb1d"))
  ]

  var vendorID: UUIDBytes { UUIDBytes(fromHex("cfbff0d193755685968c48ce8b15ae17")) }
  var classID: UUIDBytes { UUIDBytes(fromHex("11ad7046dec75e33bfc14c04f6f7cfc2")) }
  var trustedKeys: Span<Ed25519PublicKey> {
    @_lifetime(borrow self)
    get { keys.span }
  }
  var slotCount: Int { 5 }
  var slotByteCount: Int { 4096 }

  func storedSequenceNumber(ofSlot slot: Int) -> UInt32 { 6 }
}
