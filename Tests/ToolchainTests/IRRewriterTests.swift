import Testing

@testable import Toolchain

@Suite struct IRRewriterTests {
  static let lines: [(String, String)] = [
    ("target triple = \"riscv64-none-none-eabi\"", "target triple = \"bpfel\""),
    (
      "target datalayout = \"e-m:e-p:64:64-i64:64-i128:128-n64-S128\"",
      "target datalayout = \"e-m:e-p:64:64-i64:64-i128:128-n32:64-S128\""
    ),
    // Who sees what.
    (
      "define weak_odr protected ptr @swift_retain(ptr %0) #1 {",
      "define internal ptr @swift_retain(ptr %0) #1 {"
    ),
    ("define linkonce_odr hidden void @helper() {", "define internal void @helper() {"),
    (
      "define protected void @\"$e1p4data_WZ\"(ptr %0) #0 {",
      "define internal void @\"$e1p4data_WZ\"(ptr %0) #0 {"
    ),
    ("define protected i64 @program(i64 %0) #1 {", "define protected i64 @program(i64 %0) #1 {"),
    ("define internal fastcc i32 @f() {", "define internal fastcc i32 @f() {"),
    ("define private void @0(ptr %0) {", "define private void @0(ptr %0) {"),
    (
      "@\"$e1p4data_Wz\" = protected global i64 0, align 8",
      "@\"$e1p4data_Wz\" = internal global i64 0, align 8"
    ),
    ("@box = linkonce_odr protected global i64 0", "@box = internal global i64 0"),
    ("@\"$e1x\" = external global i64", "@\"$e1x\" = external global i64"),
    ("@.str = private constant [2 x i8] c\"a\\00\"", "@.str = private constant [2 x i8] c\"a\\00\""),
    // What one processor alone has.
    (
      "attributes #5 = { nounwind \"target-cpu\"=\"generic-rv64\" \"target-features\"=\"+64bit,+a\" \"x\"=\"y\" }",
      "attributes #5 = { nounwind   \"x\"=\"y\" }"
    ),
    // Order among threads.
    ("  %3 = load atomic i64, ptr %2 monotonic, align 8", "  %3 = load i64, ptr %2, align 8"),
    ("  store atomic i64 %1, ptr %2 release, align 8", "  store i64 %1, ptr %2, align 8"),
    (
      "  %7 = atomicrmw add ptr %2, i64 1 monotonic, align 8",
      "  %7 = atomicrmw add ptr %2, i64 1 monotonic, align 8"
    ),
    ("  store i64 1, ptr %acquire, align 8", "  store i64 1, ptr %acquire, align 8"),
  ]

  @Test(arguments: lines)
  func `a line is rewritten`(before: String, after: String) {
    #expect(IRRewriter.rewrite(before) == after)
  }

  @Test(arguments: [
    "@llvm.used = appending global [1 x ptr] [ptr @a]",
    "@llvm.compiler.used = appending global [1 x ptr] [ptr @a]",
    "  fence seq_cst",
  ])
  func `a line is dropped`(line: String) {
    #expect(IRRewriter.rewrite("a\n\(line)\nb") == "a\nb")
  }

  @Test func `what registers cannot carry is inlined, also against the program's wish`() {
    let module = """
      define protected { i64, i8 } @"$e1p4pairSiSgyF"(i64 %0) #1 {
      define protected i64 @"$e1p3sum(_:)"(i64 %0, { i64, i64 } %1, i64 %2, i64 %3, i64 %4, i64 %5) {
      define protected i64 @"$e1p4less"(i64 %0, ptr dereferenceable(8) %1, i64 %2, i64 %3, i64 %4) #1 {
      define protected i64 @"$e1p4none"() #1 {
      attributes #1 = { noinline nounwind "target-cpu"="x" }
      """
    let expected = """
      define internal { i64, i8 } @"$e1p4pairSiSgyF"(i64 %0) #10000001 {
      define internal i64 @"$e1p3sum(_:)"(i64 %0, { i64, i64 } %1, i64 %2, i64 %3, i64 %4, i64 %5) alwaysinline {
      define internal i64 @"$e1p4less"(i64 %0, ptr dereferenceable(8) %1, i64 %2, i64 %3, i64 %4) #1 {
      define internal i64 @"$e1p4none"() #1 {
      attributes #1 = { noinline nounwind  }
      attributes #10000001 = { alwaysinline nounwind }
      """
    #expect(IRRewriter.rewrite(module) == expected)
  }

  @Test func `symbols without a definition are found, LLVM's own ones aside`() {
    let module = """
      declare signext i32 @posix_memalign(ptr, i64, i64) local_unnamed_addr #7
      declare void @llvm.trap() #2
      declare void @"$e4other"()
      @table = external global [4 x i8]
      @defined = internal global i64 0
      define i64 @program() {
      """
    #expect(IRRewriter.undefinedSymbols(in: module) == ["posix_memalign", "$e4other", "table"])
  }
}
