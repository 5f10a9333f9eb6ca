/// Images and labels: where they come from ([Datasets]), how they are varied ([Augmentation]), and
/// how they reach the training loop ([DataLoader], [Batches]). Plain arrays only; nothing here
/// knows tensors.
@NullMarked
package athanor.train.data;

import org.jspecify.annotations.NullMarked;
