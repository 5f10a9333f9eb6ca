/// Models of other programs, in the ONNX format: read and run, and written.
@NullMarked
package athanor.nn.onnx;

import org.jspecify.annotations.NullMarked;
