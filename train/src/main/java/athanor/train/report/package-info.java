/// What a training leaves for the eye: event files of TensorBoard, the page of a run and its
/// curves, the live page.
@NullMarked
package athanor.train.report;

import org.jspecify.annotations.NullMarked;
