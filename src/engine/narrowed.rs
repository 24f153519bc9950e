//! One opening of the inputs for all that is asked of them: an engine of what was examined, and engines of a part of it.

use super::examine::{self, CheckDepth, Examination};
use super::grid::Placement;
use super::inputs::OpenedInputs;
use super::open::Engine;
use super::problem::EngineError;
use super::request::{MapRequest, Product};
use super::vector::Vectors;

impl Engine {
    /// Looks at the inputs, as [`Engine::examine`], and opens the engine on the very files that were looked at. There is no
    /// engine where something refuses the inputs: [`Examination::problems`].
    ///
    /// # Errors
    /// When the region has no place on earth, which no examination finds.
    pub fn examined(
        request: MapRequest,
        look: CheckDepth<'_>,
    ) -> Result<(Examination, Option<Self>), EngineError> {
        let step = tracing::debug_span!("examine");
        let (examination, inputs) = step.in_scope(|| examine::examine(&request, look));
        let inputs = inputs.filter(|_| examination.problems().is_empty());
        let engine = inputs.map(|inputs| Self::of(request, inputs, Vectors::best())).transpose()?;
        Ok((examination, engine))
    }

    /// The engine of some months and products of its own, in work tiles and blocks of these edges: no file is opened again.
    /// Months that it does not have are left out.
    ///
    /// # Errors
    /// As [`Engine::examined`].
    pub fn narrowed(
        &self,
        months: &[u8],
        products: Vec<Product>,
        (tile, block): (u32, u32),
    ) -> Result<Self, EngineError> {
        let own = self.request.months.iter().zip(&self.inputs.months);
        let own = own.filter(|(inputs, _)| months.contains(&inputs.month));
        let (of_request, of_inputs) = own.map(|(inputs, data)| (inputs.clone(), data.clone())).unzip();
        let request = MapRequest { months: of_request, products, tile, block, ..self.request.clone() };
        let inputs = OpenedInputs {
            dem: self.inputs.dem.clone(),
            span: self.inputs.span,
            placement: self.inputs.placement.clone(),
            reference_height: self.inputs.reference_height.clone(),
            months: of_inputs,
            witnesses: self.inputs.witnesses.clone(),
        };
        Ok(Self::of(request, inputs, self.vectors)?)
    }

    /// Where the terrain model lies, of which the region may be a part.
    #[must_use]
    pub fn terrain(&self) -> &Placement {
        self.inputs.dem.placement()
    }
}
