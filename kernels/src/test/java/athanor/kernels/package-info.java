/// What the tests of all kernels share.
@org.jspecify.annotations.NullMarked
package athanor.kernels;
